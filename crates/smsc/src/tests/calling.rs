//! Customers that are called because reports wait for them.

use smpp::{CommandId, CommandStatus, MessageResp, Pdu};
use tokio::net::TcpListener;
use types::id::AccountId;
use types::message::State;

use super::World;
use super::client::Client;
use super::samples::receipt;
use crate::settings::{Outbind, Settings};

struct Customer {
    listener: TcpListener,
    world: World,
}

impl Customer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let outbind = Outbind {
            account: "account 1".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            system_id: String::new(),
            password: "knock".to_owned().into(),
        };
        let world = World::start_set(Settings { outbinds: vec![outbind], ..Settings::default() }, None).await;
        Self { listener, world }
    }

    /// Takes a call that is due after that time.
    async fn called_after(&self, wait_ms: u64) -> Client {
        let mut accepted = std::pin::pin!(self.listener.accept());
        let (stream, _) = loop {
            tokio::select! {
                biased;
                accepted = &mut accepted => break accepted.unwrap(),
                // Others may wait as long, such as a session that takes leave.
                () = self.world.clock.until_sleeping_for(wait_ms) => self.world.clock.advance(wait_ms),
            }
        };
        let mut client = Client::over(Box::new(stream));
        let call = client.receive().await;
        let Pdu::Outbind(outbind) = call.pdu() else { panic!("no outbind: {call:?}") };
        assert_eq!(
            (outbind.system_id, outbind.password),
            (b"chappe-test-nam".as_slice(), b"knock".as_slice())
        );
        client
    }
}

#[tokio::test]
async fn a_customer_is_called_and_takes_its_reports() {
    let customer = Customer::start().await;
    customer.world.desk.inside().waiting_for.push(AccountId(1));
    let mut client = customer.called_after(1_000).await;
    client.send_bind(CommandId::BIND_RECEIVER, "acme", "secret", 1).await;
    client.expect(CommandId::BIND_RECEIVER_RESP, CommandStatus::ESME_ROK, 1).await;
    assert!(customer.world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let told = client.receive().await;
    assert_eq!(told.id(), CommandId::DELIVER_SM);
    client.send(&Pdu::DeliverSmResp(MessageResp::default()), told.sequence()).await;
    // While it is bound nobody calls again; afterwards the next call is as quick as the first.
    client.send(&Pdu::Unbind, 2).await;
    client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 2).await;
    client.expect_end().await;
    drop(client);
    customer.called_after(1_000).await;
}

#[tokio::test]
async fn only_the_called_account_may_bind_over_a_call() {
    let customer = Customer::start().await;
    customer.world.desk.inside().waiting_for.push(AccountId(1));
    let mut client = customer.called_after(1_000).await;
    client.send_bind(CommandId::BIND_RECEIVER, "other", "secret", 1).await;
    customer.world.clock.until_sleeping_for(200).await;
    customer.world.clock.advance(200);
    client.expect(CommandId::BIND_RECEIVER_RESP, CommandStatus::ESME_RBINDFAIL, 1).await;
    drop(client);
    // It was not bound, so that the next call waits.
    customer.called_after(5_000).await;
}

#[tokio::test]
async fn nobody_is_called_without_need() {
    let customer = Customer::start().await;
    customer.world.clock.until_sleeping_for(1_000).await;
    customer.world.clock.advance(1_000);
    // A session that receives is bound: reports go there.
    let _bound = customer.world.bound(CommandId::BIND_RECEIVER).await;
    customer.world.desk.inside().waiting_for.push(AccountId(1));
    customer.world.clock.until_sleeping_for(1_000).await;
    customer.world.clock.advance(1_000);
    customer.world.clock.until_sleeping_for(1_000).await;
    assert!(futures_util::FutureExt::now_or_never(customer.listener.accept()).is_none());
}
