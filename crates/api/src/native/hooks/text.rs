//! The text of a group of alerts: what happened and where, firing alerts first, in at most [`PARTS_MAX`]
//! parts. What finds no room is counted, never left out in silence.
//!
//! It says nothing that the document does not say. Start at [`compose`].

use std::collections::BTreeMap;

use super::{Alert, AlertGroup};

/// The most parts of a text.
pub(super) const PARTS_MAX: usize = 3;
/// The labels that are told, in this order; the name of the alert stands before them.
const LABELS: [&str; 8] =
    ["severity", "instance", "job", "service", "namespace", "pod", "cluster", "grafana_folder"];
/// The most labels of one alert.
const LABELS_MAX: usize = 3;
/// The most characters of a status.
const STATUS_CHARS_MAX: usize = 16;
/// The most characters of an alert's name.
const NAME_CHARS_MAX: usize = 60;
/// The most characters of a summary.
const SUMMARY_CHARS_MAX: usize = 200;
/// The most characters of a label's value.
const VALUE_CHARS_MAX: usize = 48;
/// Where something was cut. In the GSM alphabet, unlike the one character for it.
const CUT: &str = "...";

/// Writes the text.
pub(super) fn compose(group: &AlertGroup) -> String {
    let firing = group.alerts.iter().filter(|alert| !is_resolved(alert));
    let mut alerts = firing.chain(group.alerts.iter().filter(|alert| is_resolved(alert)));
    let listed = u64::try_from(group.alerts.len()).unwrap_or(u64::MAX);
    let mut left = listed.saturating_add(group.truncated_alerts.unwrap_or(0));
    let mut text = if left == 1 { String::new() } else { tally(group) };
    if let Some(first) = alerts.next() {
        left = left.saturating_sub(1);
        text = cut_to_fit(&joined([&text, &describe(group, first)]), left);
    }
    // Each text of this loop is at most one alert longer than what fits, so that it ends soon.
    for alert in alerts {
        let longer = joined([&text, &describe(group, alert)]);
        let after = left.saturating_sub(1);
        if !fits(&joined([&longer, &more(after)])) {
            break;
        }
        (text, left) = (longer, after);
    }
    joined([&text, &more(left)])
}

fn is_resolved(alert: &Alert) -> bool {
    alert.status == "resolved"
}

/// How many are firing and how many are not.
fn tally(group: &AlertGroup) -> String {
    let resolved = group.alerts.iter().filter(|alert| is_resolved(alert)).count();
    match (group.alerts.len().saturating_sub(resolved), resolved) {
        (firing, 0) => format!("{firing} firing"),
        (0, resolved) => format!("{resolved} resolved"),
        (firing, resolved) => format!("{firing} firing, {resolved} resolved"),
    }
}

/// How many alerts are not told; nothing when all are.
fn more(left: u64) -> String {
    if left == 0 { String::new() } else { format!("+{left} more") }
}

/// One above the other, without what is empty.
fn joined(lines: [&str; 2]) -> String {
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// One alert: `FIRING InstanceDown: web-1 does not answer (severity=critical, instance=web-1:9100)`.
fn describe(group: &AlertGroup, alert: &Alert) -> String {
    let status = tidied(&alert.status, STATUS_CHARS_MAX).to_uppercase();
    let name = value(alert.labels.as_ref(), "alertname")
        .or_else(|| value(group.group_labels.as_ref(), "alertname"))
        .unwrap_or("alert");
    let annotations = alert.annotations.as_ref();
    let summary = value(annotations, "summary").or_else(|| value(annotations, "description")).unwrap_or("");
    let known = LABELS.iter().filter_map(|label| Some((*label, value(alert.labels.as_ref(), label)?)));
    let labels: Vec<String> = known
        .take(LABELS_MAX)
        .map(|(label, value)| format!("{label}={}", tidied(value, VALUE_CHARS_MAX)))
        .collect();
    let mut line = format!("{status} {}", tidied(name, NAME_CHARS_MAX));
    if !summary.is_empty() {
        line = format!("{line}: {}", tidied(summary, SUMMARY_CHARS_MAX));
    }
    if labels.is_empty() { line } else { format!("{line} ({})", labels.join(", ")) }
}

/// The value of a label that has one.
fn value<'a>(labels: Option<&'a BTreeMap<String, String>>, name: &str) -> Option<&'a str> {
    labels?.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// A text on one line, of at most that many characters.
fn tidied(text: &str, chars_max: usize) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let mut line = String::new();
    let mut count = 0_usize;
    for word in words.filter(|word| !word.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if gap == 1 {
            line.push(' ');
        }
        let room = chars_max.saturating_sub(count.saturating_add(gap));
        let taken: String = word.chars().take(room).collect();
        count = count.saturating_add(gap).saturating_add(taken.chars().count());
        let is_whole = taken.len() == word.len();
        line.push_str(&taken);
        if !is_whole {
            return format!("{}{CUT}", line.trim_end());
        }
    }
    line
}

fn fits(text: &str) -> bool {
    gsm_text::count(text).parts <= PARTS_MAX
}

/// A text without its end, so that it fits with the count of those that are left after it.
fn cut_to_fit(text: &str, left: u64) -> String {
    let after = more(left);
    if fits(&joined([text, &after])) {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).collect();
    let cut = |end: usize| format!("{}{CUT}", text.get(..end).unwrap_or("").trim_end());
    // A longer beginning never takes fewer parts.
    let fitting = ends.partition_point(|end| fits(&joined([&cut(*end), &after])));
    ends.get(fitting.saturating_sub(1)).map_or_else(String::new, |end| cut(*end))
}
