//! All accounts, for staff. Balances are for those who may see money.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::SignedIn;
use crate::shared::House;
use crate::view::{Piece, cell_time};

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    frame: Frame,
    rows: Vec<Row>,
    money: bool,
}

struct Row {
    name: String,
    state: &'static str,
    price_book: String,
    available: String,
    held: String,
    rate: String,
    since: Piece,
}

/// Shows the accounts.
pub(crate) async fn list(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    let money = person.may(Permission::MoneyView);
    let rows = house.desk.accounts().into_iter().map(|account| {
        let balance = house.desk.balance(account.id).filter(|_| money);
        Row {
            name: account.name.clone(),
            state: account.state.as_str(),
            price_book: account.price_book.clone(),
            available: balance.map_or_else(String::new, |balance| balance.available.to_string()),
            held: balance.map_or_else(String::new, |balance| balance.held.to_string()),
            rate: match account.limits.rate_per_second {
                0 => "no limit".to_owned(),
                rate => rate.to_string(),
            },
            since: cell_time(account.created_at),
        }
    });
    let rows = rows.collect();
    page(&AccountsPage {
        frame: Frame::new(&house, Some(&person.0), Room::Accounts, "Accounts"),
        rows,
        money,
    })
}
