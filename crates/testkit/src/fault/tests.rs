//! What a client and a target see of each fault.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// How long nothing must come before it counts as nothing.
const SILENCE: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(10);

/// A client and a target on either side of a proxy.
struct Scene {
    proxy: Proxy,
    client: TcpStream,
    target: TcpStream,
}

async fn scene(plan: &str) -> Scene {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let proxy = Proxy::start(listen, target, plan.parse().unwrap(), 7).await.unwrap();
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let (target, _) = listener.accept().await.unwrap();
    Scene { proxy, client, target }
}

async fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut octets = Vec::new();
    let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut octets)).await.unwrap();
    (octets, read.is_ok())
}

#[tokio::test]
async fn without_faults_everything_passes_and_ends_pass_too() {
    let mut scene = scene("").await;
    scene.client.write_all(b"there").await.unwrap();
    scene.client.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut scene.target).await, (b"there".to_vec(), true));
    scene.target.write_all(b"and back").await.unwrap();
    drop(scene.target);
    assert_eq!(read_to_end(&mut scene.client).await, (b"and back".to_vec(), true));
    let counts = scene.proxy.counts();
    assert_eq!((counts.connections(), counts.octets_up(), counts.octets_down()), (1, 5, 8));
    assert_eq!(counts.ended(), 0);
}

#[tokio::test]
async fn a_cut_lets_exactly_so_many_octets_pass() {
    for limit in [0, 1, 4] {
        let mut scene = scene(&format!("up.cut={limit}")).await;
        drop(scene.client.write_all(b"0123456789").await);
        let (octets, _) = read_to_end(&mut scene.target).await;
        assert_eq!(octets, b"0123456789"[..limit]);
        let (octets, _) = read_to_end(&mut scene.client).await;
        assert!(octets.is_empty());
    }
}

#[tokio::test]
async fn a_reset_is_seen_as_one_on_both_sides() {
    let mut scene = scene("down.reset=3").await;
    scene.target.write_all(b"0123456789").await.unwrap();
    let (octets, is_orderly) = read_to_end(&mut scene.client).await;
    assert_eq!((octets, is_orderly), (b"012".to_vec(), false));
    assert!(!read_to_end(&mut scene.target).await.1);
    assert_eq!(scene.proxy.counts().ended(), 1);
}

#[tokio::test]
async fn slices_arrive_whole_and_in_order() {
    let mut scene = scene("slice=1").await;
    scene.client.write_all(b"0123456789").await.unwrap();
    scene.client.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut scene.target).await.0, b"0123456789");
}

#[tokio::test]
async fn a_hole_swallows_and_leaves_both_sides_connected() {
    let mut scene = scene("up.hole=4").await;
    scene.client.write_all(b"0123456789").await.unwrap();
    let mut octets = [0; 4];
    scene.target.read_exact(&mut octets).await.unwrap();
    assert_eq!(&octets, b"0123");
    drop(scene.client);
    assert!(tokio::time::timeout(SILENCE, scene.target.read_u8()).await.is_err());
}

#[tokio::test]
async fn chance_follows_from_the_seed() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut scene = scene("up.corrupt=5,up.slice=10,up.drop=4").await;
        scene.client.write_all(&[0; 400]).await.unwrap();
        scene.client.shutdown().await.unwrap();
        seen.push(read_to_end(&mut scene.target).await.0);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].len() < 400 && seen[0].iter().any(|octet| *octet != 0));
}

#[tokio::test]
async fn everything_open_can_be_severed_and_a_new_plan_holds_afterwards() {
    let mut scene = scene("").await;
    scene.client.write_all(b"x").await.unwrap();
    scene.target.read_u8().await.unwrap();
    scene.proxy.sever(Sever::Reset);
    assert!(!read_to_end(&mut scene.client).await.1);
    scene.proxy.set_plan("1:refuse".parse().unwrap());
    let mut refused = TcpStream::connect(scene.proxy.address()).await.unwrap();
    assert!(!read_to_end(&mut refused).await.1);
}
