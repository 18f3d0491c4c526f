//! Connecting to the carrier and binding.
//!
//! It never retries; waiting and trying again is the session's work. Start at [`connect`].

use std::sync::Arc;
use std::time::Duration;

use smpp::session::Sequence;
use smpp::{Bind, BindResp, CommandId, CommandStatus, FrameCutter, Pdu, Strictness, write_header_only};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::encode::wire_address;
use super::options::Settings;

/// Octets read at once while binding.
const CHUNK_OCTETS: usize = 4_096;

/// A bound connection.
pub(super) struct Bound {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// May hold PDUs that followed the answer.
    pub(super) cutter: FrameCutter,
    pub(super) sequence: Sequence,
    /// What the peer calls itself.
    pub(super) peer: String,
}

/// Why there is no bound connection. The texts carry neither secrets nor personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BindError {
    /// No connection, or it was lost.
    #[error("{0}")]
    Connection(String),
    /// The carrier said no.
    #[error("the bind was refused: {0}")]
    Refused(CommandStatus),
}

impl BindError {
    /// Whether the carrier objects to who we are, so that trying again soon is of no use.
    pub(super) fn is_about_us(&self) -> bool {
        self.blames_credentials() || matches!(self, Self::Refused(CommandStatus::ESME_RBINDFAIL))
    }

    /// Whether it says that name or password are wrong, so that trying again is of no use at all.
    pub(super) fn blames_credentials(&self) -> bool {
        use CommandStatus as S;
        matches!(self, Self::Refused(S::ESME_RINVPASWD | S::ESME_RINVSYSID))
    }
}

fn lost(what: &str) -> BindError {
    BindError::Connection(what.to_owned())
}

/// Connects and binds.
pub(super) async fn connect(settings: &Settings, command: CommandId) -> Result<Bound, BindError> {
    let limit = settings.timing.connect_timeout;
    let (reader, writer) = timeout(limit, open(settings))
        .await
        .unwrap_or_else(|_| Err(lost("no connection within the time limit")))?;
    let cutter = FrameCutter::default();
    let mut bound = Bound { reader, writer, cutter, sequence: Sequence::new(), peer: String::new() };
    let limit = Duration::from_millis(settings.timing.response_timeout_ms);
    timeout(limit, bind(&mut bound, settings, command))
        .await
        .unwrap_or_else(|_| Err(lost("no answer to the bind within the time limit")))?;
    Ok(bound)
}

type Halves = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

async fn open(settings: &Settings) -> Result<Halves, BindError> {
    let stream = TcpStream::connect((settings.host.as_str(), settings.port))
        .await
        .map_err(|error| BindError::Connection(format!("no connection: {}", error.kind())))?;
    // Small PDUs must not wait for more; batches are written at once anyway.
    stream
        .set_nodelay(true)
        .map_err(|error| BindError::Connection(format!("no connection: {}", error.kind())))?;
    let Some(tls) = &settings.tls else {
        let (reader, writer) = stream.into_split();
        return Ok((Box::new(reader), Box::new(writer)));
    };
    let stream = TlsConnector::from(Arc::clone(&tls.config))
        .connect(tls.server_name.clone(), stream)
        .await
        .map_err(|error| BindError::Connection(format!("the TLS handshake failed: {error}")))?;
    let (reader, writer) = tokio::io::split(stream);
    Ok((Box::new(reader), Box::new(writer)))
}

async fn bind(bound: &mut Bound, settings: &Settings, command: CommandId) -> Result<(), BindError> {
    let sequence = bound.sequence.advance();
    let request = Bind {
        system_id: settings.system_id.as_bytes(),
        password: settings.password.expose().as_bytes(),
        system_type: settings.system_type.as_bytes(),
        interface_version: settings.interface_version,
        address_range: wire_address(&settings.address_range),
    };
    let request = match command {
        CommandId::BIND_RECEIVER => Pdu::BindReceiver(request),
        CommandId::BIND_TRANSMITTER => Pdu::BindTransmitter(request),
        _ => Pdu::BindTransceiver(request),
    };
    let mut out = Vec::new();
    request
        .encode(CommandStatus::ESME_ROK, sequence, &mut out)
        .map_err(|error| BindError::Connection(format!("the bind cannot be written: {error}")))?;
    let mut chunk = [0; CHUNK_OCTETS];
    loop {
        if !out.is_empty() {
            bound.writer.write_all(&out).await.map_err(|_| lost("the connection was lost while binding"))?;
            bound.writer.flush().await.map_err(|_| lost("the connection was lost while binding"))?;
            out.clear();
        }
        let count =
            bound.reader.read(&mut chunk).await.map_err(|_| lost("the connection was lost while binding"))?;
        if count == 0 {
            return Err(lost("the peer closed the connection while binding"));
        }
        bound.cutter.extend(chunk.get(..count).unwrap_or_default());
        if let Some(peer) = answer(&mut bound.cutter, sequence, &mut out)? {
            bound.peer = peer;
            return Ok(());
        }
    }
}

/// Looks for the answer among what has come; answers what else must be answered.
fn answer(cutter: &mut FrameCutter, sequence: u32, out: &mut Vec<u8>) -> Result<Option<String>, BindError> {
    while let Some(frame) = cutter.next_frame().map_err(|_| lost("the peer does not speak SMPP"))? {
        let header = frame.header;
        let pdu = Pdu::decode(&header, frame.body, Strictness::Tolerant);
        match pdu {
            Ok(
                Pdu::BindTransceiverResp(resp) | Pdu::BindTransmitterResp(resp) | Pdu::BindReceiverResp(resp),
            ) => return accepted(header.command_status, resp).map(Some),
            Ok(Pdu::GenericNack) if header.sequence_number == sequence || header.sequence_number == 0 => {
                return Err(BindError::Refused(header.command_status));
            }
            Ok(Pdu::EnquireLink) => {
                let status = CommandStatus::ESME_ROK;
                write_header_only(CommandId::ENQUIRE_LINK_RESP, status, header.sequence_number, out);
            }
            Ok(Pdu::Unbind) => return Err(lost("the peer unbound while binding")),
            // An outbind asks for the bind that is under way; all else has no meaning before it.
            _ => {}
        }
    }
    Ok(None)
}

fn accepted(status: CommandStatus, resp: BindResp<'_>) -> Result<String, BindError> {
    if status.is_ok() {
        Ok(String::from_utf8_lossy(resp.system_id).into_owned())
    } else {
        Err(BindError::Refused(status))
    }
}
