//! The web console: pages for customers and staff, live by server-sent events.
//!
//! It asks the core and shows what it says; it decides nothing about messages or money and keeps
//! nothing but search words. Pages work without script; scripts only make them live. Start at
//! [`table`] for what there is, then at `guard` for who may see it, then at one of `rooms`.

mod assets;
mod desk;
mod fault;
mod frame;
mod guard;
mod rooms;
mod searches;
mod shared;
mod streams;
mod table;
mod upload;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use ports::phones::{MailDesk, PhoneDesk};
use ports::sessions::SessionDesk;
use types::Sensitive;

pub use crate::desk::{Book, Desk, Tree};
pub use crate::table::{Access, RouteRow, route_rows};

/// What the console may show besides the core's own answers.
pub struct Rooms {
    /// SMPP sessions of customers, if this installation has a door for them.
    pub sessions: Option<Arc<dyn SessionDesk>>,
    /// The simulated phones, if this installation has any.
    pub phones: Option<Arc<dyn PhoneDesk>>,
    /// The simulated mailbox, if this installation has one.
    pub mails: Option<Arc<dyn MailDesk>>,
    /// Whether the console is only reached by HTTPS: the session cookie is then `__Host-chappe` and `Secure`.
    pub secure_cookie: bool,
    /// Logins that the sign-in page may show to everybody: the sandbox only.
    pub demo: Option<DemoLogin>,
}

/// The logins of the sandbox, shown on its sign-in page.
#[derive(Clone, Debug)]
pub struct DemoLogin {
    /// The e-mail address of the demo account's owner.
    pub customer_email: String,
    /// The password of the demo account's owner.
    pub customer_password: Sensitive<String>,
    /// The e-mail address of the demo member of staff.
    pub staff_email: String,
    /// The password of the demo member of staff.
    pub staff_password: Sensitive<String>,
}

/// The console over the core. It has a fallback of its own (a page that says "not found"), so mount
/// it as the fallback service of the other HTTP doors.
pub fn router(core: app::Core, rooms: Rooms) -> Router {
    router_over(Arc::new(core), rooms)
}

/// The console over anything that answers its questions; tests and the gallery bring their own.
pub fn router_over(desk: Arc<dyn Desk>, rooms: Rooms) -> Router {
    let house = shared::House::new(shared::Shared::new(desk, rooms));
    let mut router = Router::new();
    for entry in table::entries() {
        let guarded = (Arc::clone(&house), entry.access);
        let room = entry.room.route_layer(from_fn_with_state(guarded, guard::admit));
        router = router.route(entry.path, room);
    }
    router
        .fallback(fault::nowhere)
        .layer(from_fn(guard::refuse_foreign_posts))
        .layer(from_fn_with_state(Arc::clone(&house), fault::dress))
        .layer(from_fn_with_state(Arc::clone(&house), guard::recognise))
        .layer(from_fn(guard::add_headers))
        .layer(axum::extract::DefaultBodyLimit::max(shared::FORM_BYTES_MAX))
        .with_state(house)
}
