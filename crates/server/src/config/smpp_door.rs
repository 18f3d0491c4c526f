//! The table `smpp_door` of the configuration file: proxies, from where system ids may bind, vendor parameters, and
//! customers that are called.
//!
//! It opens nothing but the files that passwords are in. Start at [`SmppDoor::settings`].

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use serde::Deserialize;
use smpp::{Tag, limits};
use types::Sensitive;
use types::access::{AddressRange, RANGES_MAX};

/// The default port of an ESME that is called.
const PORT: u16 = 2_775;
/// The most vendor parameters of one account.
const VENDOR_TLVS_MAX: usize = 100;

/// The table as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SmppDoor {
    /// Addresses and ranges of proxies that speak the PROXY protocol.
    trusted_proxies: Vec<String>,
    login: Vec<Login>,
    account: Vec<Account>,
}

/// What holds for a system id.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    system_id: String,
    /// Addresses and ranges from which it may bind.
    allow: Vec<String>,
}

/// What holds for an account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    name: String,
    /// Vendor parameters that pass in both directions.
    #[serde(default)]
    vendor_tlvs: Vec<u16>,
    #[serde(default)]
    outbind: Option<Outbind>,
}

/// Where a customer is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outbind {
    host: String,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    system_id: String,
    /// The password, `file:PATH` or `env:NAME`.
    #[serde(default)]
    password: Option<String>,
}

impl SmppDoor {
    /// Checks the table; gives the settings of the door, with the usual limits. Paths are seen from `base`.
    pub(crate) fn settings(&self, base: &Path) -> anyhow::Result<smsc::Settings> {
        let trusted_proxies = ranges(&self.trusted_proxies).context("smpp_door.trusted_proxies")?;
        let mut allowed = HashMap::new();
        for login in &self.login {
            let place = || format!("smpp_door.login, system_id {:?}", login.system_id);
            let ranges = ranges(&login.allow).with_context(place)?;
            ensure!(
                allowed.insert(login.system_id.clone(), ranges).is_none(),
                "{}: it is listed twice",
                place()
            );
        }
        let mut vendor_tags = HashMap::new();
        let mut outbinds = Vec::new();
        for account in &self.account {
            let place = || format!("smpp_door.account, name {:?}", account.name);
            let tags = vendor(&account.vendor_tlvs).with_context(place)?;
            ensure!(
                vendor_tags.insert(account.name.clone(), tags).is_none(),
                "{}: it is listed twice",
                place()
            );
            if let Some(outbind) = &account.outbind {
                outbinds.push(outbind.read(&account.name, base).with_context(place)?);
            }
        }
        ensure!(
            outbinds.len() <= smsc::OUTBINDS_MAX,
            "smpp_door.account: at most {} customers are called",
            smsc::OUTBINDS_MAX
        );
        Ok(smsc::Settings { trusted_proxies, allowed, vendor_tags, outbinds, ..smsc::Settings::default() })
    }

    /// The accounts that are named, to be compared with those that there are.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.account.iter().map(|account| account.name.as_str())
    }
}

impl Outbind {
    fn read(&self, account: &str, base: &Path) -> anyhow::Result<smsc::Outbind> {
        let password = secret(self.password.as_deref().unwrap_or_default(), base)?;
        ensure!(!self.host.is_empty(), "outbind.host is empty");
        ensure!(
            self.system_id.len() <= limits::SYSTEM_ID && self.system_id.is_ascii(),
            "outbind.system_id has at most {} ASCII characters",
            limits::SYSTEM_ID
        );
        ensure!(
            password.expose().len() <= limits::PASSWORD && password.expose().is_ascii(),
            "outbind.password has at most {} ASCII characters",
            limits::PASSWORD
        );
        Ok(smsc::Outbind {
            account: account.to_owned(),
            host: self.host.clone(),
            port: self.port.unwrap_or(PORT),
            system_id: self.system_id.clone(),
            password,
        })
    }
}

fn ranges(texts: &[String]) -> anyhow::Result<Vec<AddressRange>> {
    ensure!(texts.len() <= RANGES_MAX, "a list has at most {RANGES_MAX} ranges");
    let range = |text: &String| {
        AddressRange::parse(text)
            .ok_or_else(|| anyhow!("{text:?} is no address and no range such as 192.0.2.0/24"))
    };
    texts.iter().map(range).collect()
}

fn vendor(tags: &[u16]) -> anyhow::Result<Vec<Tag>> {
    ensure!(tags.len() <= VENDOR_TLVS_MAX, "vendor_tlvs has at most {VENDOR_TLVS_MAX} tags");
    let tag = |number: &u16| {
        let tag = Tag(*number);
        ensure!(tag.is_vendor_specific(), "vendor_tlvs: {number:#06x} is not from 0x1400 to 0x3FFF");
        Ok(tag)
    };
    tags.iter().map(tag).collect()
}

/// A secret as it is, from a file or from the environment. It is not repeated in errors.
fn secret(text: &str, base: &Path) -> anyhow::Result<Sensitive<String>> {
    if let Some(path) = text.strip_prefix("file:") {
        let path = base.join(path);
        let read = std::fs::read_to_string(&path)
            .with_context(|| format!("the password cannot be read from {}", path.display()))?;
        return Ok(read.trim().to_owned().into());
    }
    if let Some(name) = text.strip_prefix("env:") {
        return Ok(crate::host::variable(name)
            .with_context(|| format!("the environment has no {name}"))?
            .into());
    }
    Ok(text.to_owned().into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::SmppDoor;

    fn read(text: &str) -> anyhow::Result<smsc::Settings> {
        let door: SmppDoor = crate::document::read(text).map_err(|error| anyhow::anyhow!("{error}"))?;
        door.settings(Path::new(""))
    }

    #[test]
    fn the_documented_example_is_read() {
        let settings = read(
            "trusted_proxies = [\"10.0.0.0/8\"]\n\
             [[login]]\nsystem_id = \"acme\"\nallow = [\"192.0.2.7\", \"2001:db8::/32\"]\n\
             [[account]]\nname = \"Acme\"\nvendor_tlvs = [0x1401, 0x1402]\n\
             outbind = { host = \"esme.example\", password = \"knock\" }\n",
        )
        .unwrap();
        assert_eq!((settings.trusted_proxies.len(), settings.allowed["acme"].len()), (1, 2));
        assert_eq!(settings.vendor_tags["Acme"], [smpp::Tag(0x1401), smpp::Tag(0x1402)]);
        let outbind = &settings.outbinds[0];
        assert_eq!((outbind.port, outbind.password.expose().as_str()), (2_775, "knock"));
        assert_eq!(outbind.account, "Acme");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (text, words) in [
            ("trusted_proxies = [\"10.0.0.1/8\"]", "10.0.0.1/8"),
            ("[[login]]\nsystem_id = \"a\"\nallow = [\"x\"]", "system_id \"a\""),
            ("[[login]]\nsystem_id = \"a\"\nallow = []\n[[login]]\nsystem_id = \"a\"\nallow = []", "twice"),
            ("[[account]]\nname = \"A\"\nvendor_tlvs = [0x0204]", "0x0204"),
            ("[[account]]\nname = \"A\"\n[[account]]\nname = \"A\"", "twice"),
            ("[[account]]\nname = \"A\"\noutbind = { host = \"\" }", "outbind.host"),
            ("[[account]]\nname = \"A\"\noutbind = { host = \"h\", password = \"hush-hush\" }", "at most 8"),
            ("[[account]]\nname = \"A\"\noutbind = { host = \"h\", password = \"env:NO_SUCH\" }", "NO_SUCH"),
            ("[[account]]\nname = \"A\"\noutbound = 1", "outbound"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(words) && !error.contains("hush"), "{text}: {error}");
        }
    }
}
