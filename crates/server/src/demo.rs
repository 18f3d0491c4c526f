//! The first run: a funded demo account, its logins, the simulated carrier's route, `demo.env`.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, anyhow};
use app::{Core, NewAccount};
use serde::{Deserialize, Serialize};
use types::Sensitive;
use types::access::KeyScopes;
use types::account::{Account, AccountLimits, CredentialKind, EndpointKind};
use types::catalog::{Connector, NetworkRange, PrefixPrice, PriceBook, Route, Supplier, TrafficDocument};
use types::money::{Money, Unit};
use types::refusal::Refusal;
use types::role::Role;

use crate::folder::write_private;
use crate::host::variable;

/// The file that tells scripts where everything is.
pub(crate) const ENV_FILE: &str = "demo.env";
const LOGINS_FILE: &str = "demo-logins.json";
const ACCOUNT: &str = "demo";
const CUSTOMER_EMAIL: &str = "demo@example.com";
const STAFF_EMAIL: &str = "staff@example.com";
/// What the simulated carrier is bound with.
pub(crate) const CARRIER_SYSTEM_ID: &str = "chappe";
/// The password of the simulated carrier; it takes nobody's messages but ours.
pub(crate) const CARRIER_PASSWORD: &str = "sandbox";

/// Passwords of the demo logins; they are kept because the store keeps hashes only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Logins {
    pub(crate) customer_password: String,
    pub(crate) staff_password: String,
}

impl Logins {
    /// What the sign-in page of the sandbox shows.
    pub(crate) fn shown(&self) -> console::DemoLogin {
        console::DemoLogin {
            customer_email: CUSTOMER_EMAIL.into(),
            customer_password: self.customer_password.clone().into(),
            staff_email: STAFF_EMAIL.into(),
            staff_password: self.staff_password.clone().into(),
        }
    }
}

/// Addresses as really bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) smpp: SocketAddr,
    pub(crate) smpps: SocketAddr,
    pub(crate) carrier: Option<SocketAddr>,
}

impl Bound {
    /// Every door that is open, by its name. A door over TLS that is not there has the address of the one
    /// in the clear.
    pub(crate) fn doors(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        let secure = [("HTTPS", self.https, self.http), ("SMPP over TLS", self.smpps, self.smpp)];
        let secure = secure.into_iter().filter(|(_, own, plain)| own != plain);
        [("HTTP", self.http), ("SMPP", self.smpp)].into_iter().chain(secure.map(|(door, own, _)| (door, own)))
    }

    /// Whether the console can be reached from this machine only.
    pub(crate) fn is_http_local(&self) -> bool {
        self.http.ip().is_loopback() && self.https.ip().is_loopback()
    }
}

/// Reads the demo logins, making them when there are none.
pub(crate) fn logins(data: &Path, entropy: &dyn ports::entropy::Entropy) -> anyhow::Result<Logins> {
    let path = data.join(LOGINS_FILE);
    if let Ok(text) = std::fs::read_to_string(&path) {
        return serde_json::from_str(&text).with_context(|| format!("{LOGINS_FILE} cannot be read"));
    }
    let word = || format!("{:016x}", entropy.next_u64());
    let logins = Logins { customer_password: word(), staff_password: word() };
    write_private(&path, &serde_json::to_string_pretty(&logins)?)?;
    Ok(logins)
}

/// Prices of the sandbox: every destination costs something.
pub(crate) fn price_books() -> Vec<PriceBook> {
    let price = |prefix: &str, price: &str| PrefixPrice { prefix: prefix.into(), price: price.into() };
    let prices = vec![
        price("", "0.05"),
        price("1", "0.0079"),
        price("32", "0.075"),
        price("33", "0.062"),
        price("44", "0.04"),
        price("49", "0.085"),
        price("852", "0.045"),
        price("86", "0.032"),
    ];
    vec![PriceBook { name: "standard".into(), unit: Unit::EUR, price: prices }]
}

/// The way to the simulated carrier, and a few networks to see.
pub(crate) fn traffic(carrier: SocketAddr) -> TrafficDocument {
    let option = |value: serde_json::Value| value;
    let options = [
        ("host", option(carrier.ip().to_string().into())),
        ("port", option(carrier.port().into())),
        ("system_id", option(CARRIER_SYSTEM_ID.into())),
        ("password", option(CARRIER_PASSWORD.into())),
        ("bind", option("transceiver".into())),
        ("sessions", option(2.into())),
        ("window", option(200.into())),
        ("simulated", option(true.into())),
    ];
    let connector = Connector {
        options: options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Connector::new("sandbox", "smpp")
    };
    let rate = vec![PrefixPrice { prefix: String::new(), price: "0.01".into() }];
    let supplier = Supplier { rate, ..Supplier::new("sandbox", Unit::EUR) };
    let range = |prefix: &str, network: &str, country: &str| NetworkRange {
        prefix: prefix.into(),
        network: network.into(),
        country: country.into(),
    };
    TrafficDocument {
        supplier: vec![supplier],
        connector: vec![connector],
        route: vec![Route::over("default", &["sandbox"])],
        network: vec![
            range("447400", "23420", "GB"),
            range("324701", "20610", "BE"),
            range("336", "20801", "FR"),
        ],
        sender_rule: Vec::new(),
        quiet_rule: Vec::new(),
        template_rule: Vec::new(),
        signature_rule: Vec::new(),
    }
}

/// Makes the demo account with everything that belongs to it, or finds it, and obeys the
/// environment's wishes about it.
pub(crate) async fn prepare(core: &Core, logins: &Logins) -> anyhow::Result<std::sync::Arc<Account>> {
    let said = |refusal: Refusal| anyhow!("the demo account cannot be made: {refusal}");
    let account = match core.account_by_name(ACCOUNT) {
        Some(account) => account,
        None => make(core, logins).await?,
    };
    let unlimited = variable("CHAPPE_DEMO_UNLIMITED").is_some_and(|value| value == "1");
    let limits = if unlimited {
        AccountLimits { rate_per_second: 0, window: 0, binds: 0, repeat_guard_s: 0 }
    } else {
        AccountLimits::default()
    };
    if account.limits != limits {
        core.set_limits(account.id, limits).await.map_err(said)?;
    }
    if let Some(url) = variable("CHAPPE_DEMO_WEBHOOK") {
        core.set_default_webhook(account.id, EndpointKind::Webhook, Some(&url)).await.map_err(said)?;
    }
    core.account(account.id).context("the demo account is gone")
}

async fn make(core: &Core, logins: &Logins) -> anyhow::Result<std::sync::Arc<Account>> {
    let said = |refusal: Refusal| anyhow!("the demo account cannot be made: {refusal}");
    let new = NewAccount {
        name: ACCOUNT.into(),
        parent: None,
        price_book: None,
        region: None,
        limits: AccountLimits::default(),
        allow_private_callbacks: true,
    };
    let account = core.create_account(new).await.map_err(said)?;
    // The sandbox shows what resellers can do, too.
    let wish = app::KeyWish { scopes: KeyScopes::ALL, ..app::KeyWish::default() };
    core.make_key(account.id, wish, KeyScopes::ALL, None).await.map_err(said)?;
    core.create_bind(account.id, Some(ACCOUNT.into())).await.map_err(said)?;
    let customer = Sensitive::new(logins.customer_password.clone());
    core.create_person(Some(account.id), CUSTOMER_EMAIL, Role::AccountOwner, &customer)
        .await
        .map_err(said)?;
    let staff = Sensitive::new(logins.staff_password.clone());
    core.create_person(None, STAFF_EMAIL, Role::StaffAdmin, &staff).await.map_err(said)?;
    let balance = variable("CHAPPE_DEMO_BALANCE").unwrap_or_else(|| "250.00 EUR".into());
    let balance = Money::parse(&balance)
        .with_context(|| format!("CHAPPE_DEMO_BALANCE {balance:?} is not an amount"))?;
    if balance.micros > 0 {
        core.top_up(account.id, balance, "demo").await.map_err(said)?;
    }
    Ok(account)
}

/// What the first run prints and `demo.env` holds.
pub(crate) struct Card {
    pub(crate) lines: Vec<(&'static str, String)>,
}

impl Card {
    /// Collects addresses and credentials.
    pub(crate) async fn collect(
        core: &Core,
        account: &Account,
        bound: &Bound,
        data: &Path,
        logins: &Logins,
    ) -> anyhow::Result<Self> {
        let said = |refusal: Refusal| anyhow!("{refusal}");
        let credentials = core.credentials(account.id).await.map_err(said)?;
        let key = credentials
            .iter()
            .find(|c| c.kind == CredentialKind::ApiKey)
            .context("the demo account has no API key")?;
        let bind = credentials
            .iter()
            .find(|c| c.kind == CredentialKind::Smpp)
            .context("the demo account has no system id")?;
        let ca = std::path::absolute(crate::tls::ca_path(data))?;
        let mut lines = vec![
            ("CHAPPE_HTTP", bound.http.to_string()),
            ("CHAPPE_HTTPS", bound.https.to_string()),
            ("CHAPPE_SMPP", bound.smpp.to_string()),
            ("CHAPPE_SMPPS", bound.smpps.to_string()),
            ("CHAPPE_CA", ca.display().to_string()),
            ("CHAPPE_API_KEY", key.name.clone()),
            ("CHAPPE_API_SECRET", key.secret.expose().clone()),
            ("CHAPPE_ACCOUNT_SID", format!("AC{}", account.sid.hex())),
            ("CHAPPE_SMPP_SYSTEM_ID", bind.name.clone()),
            ("CHAPPE_SMPP_PASSWORD", bind.secret.expose().clone()),
            ("CHAPPE_CONSOLE_EMAIL", CUSTOMER_EMAIL.to_owned()),
            ("CHAPPE_CONSOLE_PASSWORD", logins.customer_password.clone()),
            ("CHAPPE_STAFF_EMAIL", STAFF_EMAIL.to_owned()),
            ("CHAPPE_STAFF_PASSWORD", logins.staff_password.clone()),
        ];
        if let Some(carrier) = bound.carrier {
            lines.push(("CHAPPE_CARRIER_SMPP", carrier.to_string()));
        }
        Ok(Self { lines })
    }

    fn value(&self, name: &str) -> &str {
        self.lines.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Writes `demo.env` for its owner only, whole or not at all.
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        let text: String = self.lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        write_private(&data.join(ENV_FILE), &text)
    }

    /// What to open and what to type.
    pub(crate) fn banner(&self, data: &Path, is_local: bool) -> String {
        let http = self.value("CHAPPE_HTTP");
        let (key, secret) = (self.value("CHAPPE_API_KEY"), self.value("CHAPPE_API_SECRET"));
        let body = r#"{"from":"Chappe","to":"+447400123456","text":"Hello from Chappe"}"#;
        format!(
            "\nChappe is running, with a simulated carrier and a funded demo account.\n\n\
             \x20 Console   http://{http}/            ({sign_in})\n\
             \x20 Phones    http://{http}/phones      (what the recipients see)\n\
             \x20 SMPP      {smpp}   system id {system_id}   password {password}\n\n\
             Send the first SMS:\n\n\
             \x20 curl -u {key}:{secret} -H 'Content-Type: application/json' \\\n\
             \x20      -d '{body}' http://{http}/api/v1/messages\n\n\
             Everything that a script needs stands in {env}. Stop with Ctrl-C.\n",
            sign_in = if is_local { "the sign-in page fills itself" } else { "the logins are in demo.env" },
            smpp = self.value("CHAPPE_SMPP"),
            system_id = self.value("CHAPPE_SMPP_SYSTEM_ID"),
            password = self.value("CHAPPE_SMPP_PASSWORD"),
            env = data.join(ENV_FILE).display(),
        )
    }
}
