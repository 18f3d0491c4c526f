//! Style sheet, scripts and marks, embedded in the binary and served under an address that changes
//! with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::fault::Fault;

/// One embedded file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

const ASSETS: &[Asset] = &[
    Asset { name: "console.css", kind: STYLE, body: include_bytes!("../assets/console.css") },
    Asset { name: "console.js", kind: SCRIPT, body: include_bytes!("../assets/console.js") },
    Asset { name: "favicon.svg", kind: "image/svg+xml", body: include_bytes!("../assets/favicon.svg") },
    Asset { name: "htmx.min.js", kind: SCRIPT, body: include_bytes!("../assets/vendor/htmx.min.js") },
    Asset { name: "uPlot.min.js", kind: SCRIPT, body: include_bytes!("../assets/vendor/uPlot.iife.min.js") },
    Asset { name: "uPlot.min.css", kind: STYLE, body: include_bytes!("../assets/vendor/uPlot.min.css") },
    Asset { name: "htmx.LICENSE.txt", kind: TEXT, body: include_bytes!("../assets/vendor/htmx.LICENSE") },
    Asset { name: "uPlot.LICENSE.txt", kind: TEXT, body: include_bytes!("../assets/vendor/uPlot.LICENSE") },
];

/// A hash over all files: the version in their addresses.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new();
    for asset in ASSETS {
        hasher.update(asset.name.as_bytes());
        hasher.update(asset.body);
    }
    hasher.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

/// The address that all assets begin with, e.g. `/assets/3f9a1c000000`.
pub(crate) fn base() -> String {
    format!("/assets/{}", *VERSION)
}

/// Serves one file. The address of another version gets today's file, which must then be asked for
/// again each time.
pub(crate) async fn serve(
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| Fault::not_found("There is no such file."))?;
    let tag = format!("\"{}\"", *VERSION);
    let cache = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fields = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
    }
    Ok((fields, [(header::CONTENT_TYPE, asset.kind)], asset.body).into_response())
}
