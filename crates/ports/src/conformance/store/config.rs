//! Cases about what steers decisions.

use types::account::{CredentialKind, EndpointKind};
use types::id::{AccountId, ConnectorId, CredentialId, EndpointId, PersonId};
use types::inbound::{InboundNumber, NumberRoute};
use types::keyword::Keyword;
use types::role::Role;

use super::rows::{account, add_account};
use super::{BEGIN, Bench};
use crate::store::{
    ConfigChange, ConfigKind, ConfigVersion, CredentialRow, DataKeyRow, EndpointRow, InboundNumberRow,
    KeywordReplyRow, PersonRow, SessionRow,
};

pub(super) fn credential(number: i64) -> CredentialRow {
    CredentialRow {
        id: CredentialId(number),
        account: AccountId(1),
        kind: CredentialKind::ApiKey,
        name: format!("key{number}"),
        data_key: 1,
        sealed_secret: vec![9; 40],
        created_at: BEGIN,
        revoked_at: None,
    }
}

pub(super) fn endpoint(number: i64) -> EndpointRow {
    EndpointRow {
        id: EndpointId(number),
        account: AccountId(1),
        kind: EndpointKind::Webhook,
        url_hash: -number,
        data_key: 1,
        sealed: vec![8; 60],
        disabled: false,
        created_at: BEGIN,
    }
}

pub(super) fn person(number: i64) -> PersonRow {
    PersonRow {
        id: PersonId(number),
        account: (number % 2 == 1).then_some(AccountId(1)),
        email: format!("person{number}@example.com"),
        role: if number % 2 == 1 { Role::AccountOwner } else { Role::StaffAdmin },
        password_hash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
        created_at: BEGIN,
        disabled: false,
    }
}

pub(super) fn document(kind: ConfigKind, number: u32) -> ConfigVersion {
    ConfigVersion {
        kind,
        number,
        document: format!("{{\"number\": {number}}}"),
        author: "cli".to_owned(),
        comment: "é".to_owned(),
        created_at: BEGIN.plus_ms(i64::from(number)),
    }
}

pub(super) fn read_back(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    batch.data_keys = [(5, Some(AccountId(2))), (3, None)]
        .map(|(id, account)| {
            let wrapped = vec![7; 61];
            DataKeyRow { id, account, class: 0, period: 202_611, wrapped, created_at: BEGIN }
        })
        .to_vec();
    batch.config.extend([
        ConfigChange::Credential(credential(1)),
        ConfigChange::Credential(credential(7)),
        ConfigChange::Endpoint(endpoint(4)),
        ConfigChange::Person(person(1)),
        ConfigChange::Person(person(6)),
        ConfigChange::Connector(ConnectorId(2), "acme".to_owned()),
        ConfigChange::Connector(ConnectorId(1), "sim".to_owned()),
    ]);
    bench.apply(&batch);
    // A second writing of the same number replaces; the old name is free again.
    let mut changed = credential(7);
    (changed.name, changed.revoked_at) = ("other".to_owned(), Some(bench.now));
    let mut freed = credential(8);
    freed.name = credential(7).name;
    let mut off = endpoint(4);
    off.disabled = true;
    let mut renamed = account(2, bench.now);
    (renamed.name, renamed.parent, renamed.default_endpoint) = ("second".to_owned(), None, None);
    let mut moved = person(6);
    moved.disabled = true;
    let mut batch = bench.batch();
    batch.config = vec![
        ConfigChange::Credential(changed.clone()),
        ConfigChange::Credential(freed.clone()),
        ConfigChange::Endpoint(off.clone()),
        ConfigChange::Account(renamed.clone()),
        ConfigChange::Person(moved.clone()),
        ConfigChange::Connector(ConnectorId(2), "acme west".to_owned()),
    ];
    bench.apply(&batch);
    bench.reopen();
    let state = bench.store().load().unwrap();
    let reader = bench.reader();
    assert_eq!(state.accounts, [account(1, bench.now), renamed]);
    assert_eq!(reader.accounts().unwrap(), state.accounts);
    assert_eq!(state.credentials, [credential(1), changed, freed]);
    assert_eq!(reader.credentials(AccountId(1)).unwrap(), state.credentials);
    assert_eq!(reader.credentials(AccountId(2)).unwrap(), []);
    assert_eq!(state.endpoints, [off]);
    assert_eq!(reader.endpoints(AccountId(1)).unwrap(), state.endpoints);
    assert_eq!(
        state.connectors,
        [(ConnectorId(1), "sim".to_owned()), (ConnectorId(2), "acme west".to_owned())]
    );
    assert_eq!(state.data_keys.iter().map(|key| key.id).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(reader.data_key(5).unwrap().as_ref(), state.data_keys.get(1));
    assert_eq!(reader.data_key(4).unwrap(), None);
    assert_eq!(state.last_numbers, [2, 8, 4, 2, 6]);
    assert_eq!(reader.person(PersonId(6)).unwrap(), Some(moved));
    assert_eq!(reader.person_by_email("person1@example.com").unwrap(), Some(person(1)));
    assert_eq!(reader.person_by_email("nobody@example.com").unwrap(), None);
}

pub(super) fn documents(bench: &mut Bench) {
    let traffic = [1, 2, 3].map(|number| document(ConfigKind::Traffic, number));
    let profile = document(ConfigKind::Profile, 1);
    for version in traffic.iter().chain([&profile]) {
        let mut batch = bench.batch();
        batch.config.push(ConfigChange::Document(version.clone()));
        bench.apply(&batch);
    }
    assert_eq!(bench.store().load().unwrap().configs, [traffic[2].clone(), profile]);
    let reader = bench.reader();
    let newest = reader.config_versions(ConfigKind::Traffic, 2).unwrap();
    assert_eq!(newest, [traffic[2].clone(), traffic[1].clone()]);
    assert_eq!(reader.config_versions(ConfigKind::Prices, 2).unwrap(), []);
    assert_eq!(reader.config_version(ConfigKind::Traffic, 1).unwrap().as_ref(), Some(&traffic[0]));
    assert_eq!(reader.config_version(ConfigKind::Traffic, 4).unwrap(), None);
}

pub(super) fn sessions(bench: &mut Bench) {
    let session = |octet: u8, expires_ms: i64| SessionRow {
        token_hash: [octet; 32],
        person: PersonId(1),
        created_at: BEGIN,
        expires_at: BEGIN.plus_ms(expires_ms),
    };
    let mut batch = bench.batch();
    batch.config.push(ConfigChange::Person(person(1)));
    batch.config.extend(
        [(1, 1_000), (2, 900_000), (3, 900_000)].map(|(o, ms)| ConfigChange::Session(session(o, ms))),
    );
    bench.apply(&batch);
    let reader = bench.reader();
    assert_eq!(reader.session([1; 32]).unwrap(), Some(session(1, 1_000)));
    let mut batch = bench.batch();
    batch.config.push(ConfigChange::SessionEnd([2; 32]));
    bench.apply(&batch);
    assert_eq!(reader.session([2; 32]).unwrap(), None);
    bench.now = bench.now.plus_ms(500_000);
    bench.tidy();
    assert_eq!(reader.session([1; 32]).unwrap(), None);
    assert_eq!(reader.session([3; 32]).unwrap(), Some(session(3, 900_000)));
}

pub(super) fn keyword_replies(bench: &mut Bench) {
    let reply = |account: i64, keyword: Keyword, text: &str| KeywordReplyRow {
        account: AccountId(account),
        keyword,
        text: text.to_owned(),
    };
    let rows = [
        reply(1, Keyword::Stop, "You hear no more from us. é"),
        reply(1, Keyword::Help, "Call us."),
        reply(2, Keyword::Stop, "Ende"),
    ];
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    batch.config.extend(rows.iter().rev().cloned().map(ConfigChange::KeywordReply));
    bench.apply(&batch);
    assert_eq!(bench.store().load().unwrap().keyword_replies, rows);
    let mut batch = bench.batch();
    batch.config.extend([
        ConfigChange::KeywordReplyEnd(AccountId(1), Keyword::Stop),
        ConfigChange::KeywordReplyEnd(AccountId(2), Keyword::Start),
        ConfigChange::KeywordReply(reply(1, Keyword::Help, "Write to us.")),
    ]);
    bench.apply(&batch);
    bench.reopen();
    let left = bench.store().load().unwrap().keyword_replies;
    assert_eq!(left, [reply(1, Keyword::Help, "Write to us."), rows[2].clone()]);
}

pub(super) fn inbound_numbers(bench: &mut Bench) {
    let number = |digits: &str| InboundNumberRow {
        number: InboundNumber::parse(digits).unwrap(),
        account: None,
        route: NumberRoute::Account,
        endpoint: None,
        added_at: BEGIN,
        assigned_at: None,
    };
    let (code, long) = (number("88811"), number("447400999000"));
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    batch.config.extend([long, code].map(ConfigChange::InboundNumber));
    bench.apply(&batch);
    assert_eq!(bench.store().load().unwrap().inbound_numbers, [code, long]);
    let held = InboundNumberRow {
        account: Some(AccountId(1)),
        route: NumberRoute::Webhook,
        endpoint: Some(EndpointId(4)),
        added_at: BEGIN.plus_ms(9),
        assigned_at: Some(BEGIN.plus_ms(9)),
        ..long
    };
    let mut batch = bench.batch();
    batch.config.push(ConfigChange::InboundNumber(held));
    bench.apply(&batch);
    bench.reopen();
    let kept = InboundNumberRow { added_at: BEGIN, ..held };
    assert_eq!(bench.store().load().unwrap().inbound_numbers, [code, kept]);
    let mut batch = bench.batch();
    batch.config.push(ConfigChange::InboundNumber(long));
    bench.apply(&batch);
    assert_eq!(bench.store().load().unwrap().inbound_numbers, [code, long], "it is nobody's again");
}
