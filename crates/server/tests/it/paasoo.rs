//! A client that was written for PaaSoo works here unchanged.

use serde_json::{Value, json};

use crate::house::{House, Plan, SOON};
use crate::http::{Http, encoded};
use crate::listener::Listener;

struct Client {
    http: Http,
    login: String,
}

impl Client {
    fn new(house: &House) -> Self {
        let (key, secret) = (house.value("CHAPPE_API_KEY"), house.value("CHAPPE_API_SECRET"));
        Self { http: Http::new(house.value("CHAPPE_HTTP")), login: format!("key={key}&secret={secret}") }
    }

    /// Asks, and expects the status 200 that this dialect has for everything.
    fn ask(&self, path: &str, query: &str) -> Value {
        let reply = self.http.get(&format!("{path}?{}&{query}", self.login));
        assert_eq!(reply.status, 200, "{path} {query}");
        reply.json()
    }

    fn send(&self, to: &str, text: &str) -> Value {
        self.ask("/json", &format!("from=Chappe&to={to}&text={}", encoded(text)))
    }
}

fn accepted(answer: &Value) -> String {
    assert_eq!(answer["status"], "0", "{answer}");
    answer["messageid"].as_str().unwrap().to_owned()
}

#[test]
fn texts_are_sent_and_looked_up() {
    let house = Plan::new().start();
    let client = Client::new(&house);
    let id = accepted(&client.send("447400123456", "hello there"));
    let message = house.http().until_state(&id, "delivered");
    assert_eq!((&message["text"], &message["to"]), (&json!("hello there"), &json!("447400123456")));
    let record = client.ask("/dlr", &format!("messageid={id}"));
    assert_eq!(record[0]["messageid"], id.as_str());
    assert_eq!((&record[0]["drStatus"], &record[0]["drStatuscode"]), (&json!(0), &json!("delivered")));
    assert_eq!((&record[0]["price"], &record[0]["counts"]), (&json!(0.04), &json!(1)));
    assert_eq!(client.ask("/dlr", "messageid=nothing"), json!([]));
    assert_eq!(client.ask("/balance", ""), json!({ "balance": "249.96", "currency": "EUR" }));
    let failed = accepted(&client.send("447400120001", "not reached"));
    house.http().until_state(&failed, "undelivered");
    let record = client.ask("/dlr", &format!("messageid={failed}"));
    assert_eq!((&record[0]["drStatus"], &record[0]["drStatuscode"]), (&json!(400), &json!("failed")));
}

#[test]
fn every_address_of_the_dialect_leads_to_it() {
    let house = Plan::new().start();
    let client = Client::new(&house);
    let paths =
        ["/json", "//json", "/api/json", "//api//json", "/dialect/paasoo/json", "/dialect/paasoo//api/json"];
    for (place, path) in paths.into_iter().enumerate() {
        let query = format!("from=Chappe&to=44740012345{place}&text=hello+there");
        let id = accepted(&client.ask(path, &query));
        assert_eq!(house.http().message(&id)["text"], "hello there", "{path}");
    }
    // A plus that was not written as %2B arrives as a space, and is meant all the same.
    for to in ["+447400123460", "%2B447400123461", "00447400123462", "+44+7400+123463"] {
        let id = accepted(&client.ask("/json", &format!("from=Chappe&to={to}&text=plus")));
        house.http().until_state(&id, "delivered");
    }
    let form = format!("{}&from=Chappe&to=447400123464&text=by+form", client.login);
    let kind = "application/x-www-form-urlencoded";
    accepted(&client.http.request("POST", "/json", kind, form.as_bytes()).json());
    assert_eq!(house.http().count(), paths.len() + 5);
}

#[test]
fn a_batch_is_taken_wholly_or_not_at_all() {
    let house = Plan::new().start();
    let client = Client::new(&house);
    let ids = accepted(&client.send("447400123456,447400123457,447400123458", "to three"));
    let ids: Vec<&str> = ids.split(',').collect();
    assert_eq!(ids.len(), 3);
    for id in &ids {
        house.http().until_state(id, "delivered");
    }
    assert_eq!(client.send("447400123459,nobody", "to one and a half")["status"], "6");
    let many = vec!["447400123456"; 101].join(",");
    assert_eq!(client.send(&many, "to too many")["status"], "3");
    assert_eq!(house.http().count(), 3);
    assert_eq!(house.http().balance(), 250_000_000 - 3 * 40_000);
}

#[test]
fn refusals_have_their_numbers() {
    let house = Plan::new().variable("CHAPPE_DEMO_BALANCE", "0.10 EUR").start();
    let client = Client::new(&house);
    let key = house.value("CHAPPE_API_KEY");
    let nobody = Http::new(house.value("CHAPPE_HTTP"));
    for (query, status) in [
        (format!("key={key}&secret=wrong&from=A&to=447400123456&text=x"), "4"),
        ("key=nobody&secret=wrong&from=A&to=447400123456&text=x".to_owned(), "4"),
        (format!("key={key}&from=A&to=447400123456&text=x"), "2"),
        (String::new(), "2"),
    ] {
        let reply = nobody.get(&format!("/json?{query}"));
        assert_eq!((reply.status, &reply.json()["status"]), (200, &json!(status)), "{query}");
        assert!(reply.json()["status_code"].is_string());
    }
    for (query, status) in [
        ("from=A&to=447400123456", "2"),
        ("from=A&to=447400123456&text=", "2"),
        ("from=A&text=x", "2"),
        ("from=A&to=,&text=x", "2"),
        ("from=A&to=nobody&text=x", "6"),
        ("from=A+sender+too+long&to=447400123456&text=x", "7"),
    ] {
        assert_eq!(client.ask("/json", query)["status"], status, "{query}");
    }
    assert_eq!(client.ask("/voice", "to=447400123456")["status"], "11");
    assert_eq!(client.send("447400123456", &"long ".repeat(80))["status"], "9");
    accepted(&client.send("447400123456", "the same"));
    assert_eq!(client.send("447400123456", "the same")["status"], "8", "within three seconds");
    assert_eq!(client.send("447400123457", &"long ".repeat(40))["status"], "9");
    assert_eq!((house.http().count(), house.http().balance()), (1, 60_000));
}

#[test]
fn the_same_text_is_taken_again_after_three_seconds() {
    let house = Plan::new().start();
    let client = Client::new(&house);
    accepted(&client.send("447400123456", "the same"));
    assert_eq!(client.send("447400123456", "the same")["status"], "8");
    accepted(&client.send("447400123457", "the same"));
    crate::house::until(SOON, "the guard's end", || {
        (client.send("447400123456", "the same")["status"] == "0").then_some(())
    });
    assert_eq!(house.http().count(), 3);
}

#[test]
fn numbers_are_checked() {
    let house = Plan::new().start();
    let client = Client::new(&house);
    for (country, national, valid) in
        [("44", "7400123456", true), ("44", "1", false), ("999", "123456789", false)]
    {
        let query = format!("countryCode={country}&nationalNumber={national}");
        assert_eq!(client.ask("/validnumber", &query), json!(valid), "{query}");
    }
    assert_eq!(client.ask("/validnumber", "countryCode=44")["status"], "2");
}

#[test]
fn receipts_are_pushed_by_get() {
    let listener = Listener::friendly();
    let house = Plan::new().start();
    let wish = json!({ "url": listener.url("/push?mine=1"), "kind": "paasoo" }).to_string();
    let reply = house.http().request("PUT", "/api/v1/webhooks/default", "application/json", wish.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    let id = accepted(&Client::new(&house).send("447400123456", "pushed"));
    let call = listener.calls(1, SOON)[0].clone();
    assert_eq!(call.method, "GET");
    let query = call.target.strip_prefix("/push?mine=1&").expect("the address keeps its own query");
    let fields: std::collections::BTreeMap<_, _> =
        query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    for (name, value) in [
        ("type", "dlr"),
        ("messageid", id.as_str()),
        ("to", "447400123456"),
        ("status", "0"),
        ("statuscode", "delivered"),
        ("errcode", "0"),
        ("network", "23420"),
    ] {
        assert_eq!(fields.get(name), Some(&value), "{query}");
    }
    house.http().until_message(SOON, &id, "nothing left to tell", |message| message["pending_events"] == 0);
    assert_eq!(listener.heard().len(), 1, "ends only");
}
