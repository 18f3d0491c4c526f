//! What a message may say: where the operator wants texts from approved templates, and where it wants a signature
//! on each text, such as `【ACME】` in front or ` (ACME)` behind.
//!
//! Start at [`word`].

use types::catalog::{OneOrMany, SignaturePlace, SignatureRule, TemplateRule};
use types::message::{Class, Content};
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};

use crate::template::{self, Pattern};
use crate::text::of_octets;

/// Characters that may stand before and behind a signature, each.
const AROUND_CHARS_MAX: usize = 8;

/// Where a rule holds; an empty list means everywhere, or every class.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reach {
    countries: Vec<Country>,
    classes: Vec<Class>,
}

impl Reach {
    fn compile(country: Option<&OneOrMany>, class: Option<&OneOrMany>, what: &str) -> Result<Self, String> {
        let country_of = |text: &String| {
            let parsed = Country::parse(text);
            parsed.ok_or_else(|| format!("country {text:?} of a rule for {what} must be two letters"))
        };
        let class_of = |text: &String| {
            let detail =
                || format!("class {text:?} of a rule for {what} must be one_time, transactional or bulk");
            Class::parse(text).ok_or_else(detail)
        };
        Ok(Self {
            countries: country
                .map_or(&[][..], OneOrMany::values)
                .iter()
                .map(country_of)
                .collect::<Result<_, _>>()?,
            classes: class
                .map_or(&[][..], OneOrMany::values)
                .iter()
                .map(class_of)
                .collect::<Result<_, _>>()?,
        })
    }

    fn holds(&self, country: Country, class: Class) -> bool {
        (self.countries.is_empty() || self.countries.contains(&country))
            && (self.classes.is_empty() || self.classes.contains(&class))
    }
}

/// A signature as a rule wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Form {
    place: SignaturePlace,
    before: String,
    after: String,
}

impl Form {
    /// A signature with what stands around it.
    fn write(&self, signature: &str) -> String {
        format!("{}{signature}{}", self.before, self.after)
    }

    /// Whether a text has a signature where the rule wants it, and the text without it.
    fn strip<'a>(&self, text: &'a str, signature: &str) -> Option<&'a str> {
        let written = self.write(signature);
        match self.place {
            SignaturePlace::Front => text.strip_prefix(written.as_str()),
            SignaturePlace::End => text.strip_suffix(written.as_str()),
        }
    }

    fn put(&self, text: &str, signature: &str) -> String {
        let written = self.write(signature);
        match self.place {
            SignaturePlace::Front => format!("{written}{text}"),
            SignaturePlace::End => format!("{text}{written}"),
        }
    }
}

/// The operator's rules for texts. Of several that hold for a message the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordingRules {
    templates: Vec<(Reach, bool)>,
    signatures: Vec<(Reach, Option<Form>)>,
}

impl WordingRules {
    /// The rules of a document.
    ///
    /// # Errors
    /// What is wrong with them, for the operator to read.
    pub fn compile(templates: &[TemplateRule], signatures: &[SignatureRule]) -> Result<Self, String> {
        let template = |rule: &TemplateRule| {
            let reach = Reach::compile(rule.country.as_ref(), rule.class.as_ref(), "templates")?;
            Ok::<_, String>((reach, rule.approved_only))
        };
        let signature = |rule: &SignatureRule| {
            let reach = Reach::compile(rule.country.as_ref(), rule.class.as_ref(), "signatures")?;
            for text in [&rule.before, &rule.after] {
                if text.chars().count() > AROUND_CHARS_MAX || text.chars().any(char::is_control) {
                    let most = AROUND_CHARS_MAX;
                    return Err(format!("{text:?} around a signature must have at most {most} characters"));
                }
            }
            let form = Form { place: rule.place, before: rule.before.clone(), after: rule.after.clone() };
            Ok((reach, rule.required.then_some(form)))
        };
        Ok(Self {
            templates: templates.iter().map(template).collect::<Result<_, _>>()?,
            signatures: signatures.iter().map(signature).collect::<Result<_, _>>()?,
        })
    }

    /// Whether nothing is asked of any text.
    pub fn are_none(&self) -> bool {
        self.templates.iter().all(|(_, needs)| !needs)
            && self.signatures.iter().all(|(_, form)| form.is_none())
    }

    fn need_template(&self, country: Country, class: Class) -> bool {
        let rule = self.templates.iter().find(|(reach, _)| reach.holds(country, class));
        rule.is_some_and(|(_, needs)| *needs)
    }

    fn form(&self, country: Country, class: Class) -> Option<&Form> {
        self.signatures.iter().find(|(reach, _)| reach.holds(country, class))?.1.as_ref()
    }
}

/// The texts of an account that the operator has approved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wordings {
    /// Templates.
    pub templates: Vec<Pattern>,
    /// Signatures, the oldest first: the first is put where a text has none.
    pub signatures: Vec<String>,
}

/// Holds a content against the rules for its recipient's country and its class. Gives the content with a signature
/// where it needs one and has none, and `None` where it stays as it is.
///
/// # Errors
/// `template_not_approved` or `signature_required`.
pub fn word(
    rules: &WordingRules,
    own: &Wordings,
    (country, class): (Country, Class),
    content: &Content,
) -> Result<Option<Content>, Refusal> {
    let form = rules.form(country, class);
    let needs_template = rules.need_template(country, class);
    if form.is_none() && !needs_template {
        return Ok(None);
    }
    let text = match content {
        Content::Text(text) => text.clone(),
        Content::Octets(octets) => of_octets(octets),
    };
    let signed = form.and_then(|form| own.signatures.iter().find_map(|known| form.strip(&text, known)));
    let bare = signed.unwrap_or(&text);
    if needs_template && !own.templates.iter().any(|pattern| template::matches(pattern, bare)) {
        let detail = "messages to this country are written from approved templates, and the text is from none \
                      that the account has; see `GET /api/v1/templates`";
        return Err(Refusal::new(RefusalCode::TemplateNotApproved, detail).at("text"));
    }
    let Some(form) = form.filter(|_| signed.is_none()) else { return Ok(None) };
    let Some(signature) = own.signatures.first() else {
        let detail = "messages to this country carry an approved signature, and the account has none; see \
                      `GET /api/v1/signatures`";
        return Err(Refusal::new(RefusalCode::SignatureRequired, detail).at("text"));
    };
    if matches!(content, Content::Octets(octets) if octets.has_header) {
        let example = form.write(signature);
        let detail = format!(
            "messages to this country carry a signature, which cannot be put on a part of a longer text; write \
             {example} yourself"
        );
        return Err(Refusal::new(RefusalCode::SignatureRequired, detail).at("text"));
    }
    Ok(Some(Content::Text(form.put(&text, signature))))
}

#[cfg(test)]
mod tests {
    use types::catalog::{OneOrMany, SignaturePlace, SignatureRule, TemplateRule};
    use types::message::{Class, Content, OctetContent};
    use types::network::Country;

    use super::{WordingRules, Wordings, word};
    use crate::template::Pattern;

    fn one(text: &str) -> Option<OneOrMany> {
        Some(OneOrMany::One(text.to_owned()))
    }

    fn signature(country: &str, place: SignaturePlace, before: &str, after: &str) -> SignatureRule {
        let (before, after) = (before.to_owned(), after.to_owned());
        SignatureRule { country: one(country), class: None, required: true, place, before, after }
    }

    fn rules() -> WordingRules {
        let templates = [
            TemplateRule { country: one("CN"), class: one("one_time"), approved_only: false },
            TemplateRule { country: one("CN"), class: None, approved_only: true },
        ];
        let signatures = [
            signature("CN", SignaturePlace::Front, "【", "】"),
            signature("FR", SignaturePlace::End, " (", ")"),
        ];
        WordingRules::compile(&templates, &signatures).unwrap()
    }

    fn own() -> Wordings {
        Wordings {
            templates: vec![Pattern::of("Your code is {code}.").unwrap()],
            signatures: vec!["ACME".to_owned(), "Shop".to_owned()],
        }
    }

    /// The text that a message gets, or the code of its refusal.
    fn worded(own: &Wordings, to: &str, class: Class, text: &str) -> Result<String, &'static str> {
        let content = Content::Text(text.to_owned());
        match word(&rules(), own, (Country::parse(to).unwrap(), class), &content) {
            Ok(None) => Ok(text.to_owned()),
            Ok(Some(Content::Text(text))) => Ok(text),
            Ok(Some(Content::Octets(_))) => Err("octets"),
            Err(refusal) => Err(refusal.code.code()),
        }
    }

    #[test]
    fn texts_are_signed_once_and_come_from_templates_where_that_is_wanted() {
        use Class::{Bulk, OneTime};
        let none = Wordings::default();
        let cases = [
            (own(), "GB", Bulk, "hello", Ok("hello")),
            (own(), "FR", Bulk, "hello", Ok("hello (ACME)")),
            (own(), "FR", Bulk, "hello (ACME)", Ok("hello (ACME)")),
            (own(), "FR", Bulk, "hello (Shop)", Ok("hello (Shop)")),
            (own(), "FR", Bulk, "hello (Else)", Ok("hello (Else) (ACME)")),
            (own(), "CN", OneTime, "hello", Ok("【ACME】hello")),
            (own(), "CN", OneTime, "【Shop】hello", Ok("【Shop】hello")),
            (own(), "CN", Bulk, "hello", Err("template_not_approved")),
            (own(), "CN", Bulk, "Your code is 12.", Ok("【ACME】Your code is 12.")),
            (own(), "CN", Bulk, "【ACME】Your code is 12.", Ok("【ACME】Your code is 12.")),
            (own(), "CN", Bulk, "【Else】Your code is 12.", Err("template_not_approved")),
            (none.clone(), "CN", OneTime, "hello", Err("signature_required")),
            (none, "FR", Bulk, "hello (ACME)", Err("signature_required")),
        ];
        for (own, to, class, text, expected) in cases {
            assert_eq!(worded(&own, to, class, text), expected.map(str::to_owned), "{to} {class} {text}");
        }
    }

    #[test]
    fn octets_are_read_and_parts_of_a_longer_text_are_not_changed() {
        let to = (Country::parse("FR").unwrap(), Class::Bulk);
        let octets = |has_header, payload: &[u8]| {
            Content::Octets(OctetContent { has_header, payload: payload.to_vec(), ..OctetContent::default() })
        };
        let signed = word(&rules(), &own(), to, &octets(false, b"hello")).unwrap();
        assert_eq!(signed, Some(Content::Text("hello (ACME)".to_owned())));
        assert_eq!(word(&rules(), &own(), to, &octets(false, b"hello (ACME)")), Ok(None));
        let part = octets(true, b"\x05\x00\x03\x01\x02\x01hello");
        let refused = word(&rules(), &own(), to, &part).unwrap_err();
        assert!(refused.detail.contains(" (ACME) yourself"), "{}", refused.detail);
    }

    #[test]
    fn rules_that_cannot_be_meant_do_not_compile() {
        let template = |country: &str, class: &str| {
            let rule = TemplateRule { country: one(country), class: one(class), approved_only: true };
            WordingRules::compile(&[rule], &[])
        };
        assert!(template("GB", "bulk").is_ok() && WordingRules::default().are_none());
        assert!(template("GBR", "bulk").is_err() && template("GB", "cheap").is_err());
        let long = signature("CN", SignaturePlace::End, "---------", "");
        assert!(WordingRules::compile(&[], &[long]).is_err());
    }
}
