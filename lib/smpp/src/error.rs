//! What can be wrong with a PDU body, and which status tells the peer so.
//!
//! An error names the field and never its content, because the content may be a phone number or a secret.

use crate::status::CommandStatus;
use crate::tlv::Tag;

/// What the holder of an error should do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Answer the PDU with the error's status and go on with the session.
    AnswerAndContinue,
    /// Answer with `generic_nack` and close: the byte stream can no longer be trusted.
    AnswerAndClose,
    /// The value can never be sent as it is; another try is useless.
    Never,
}

/// A field of a PDU body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the field of that name in SMPP 3.4 section 5.2")]
pub enum Field {
    SystemId,
    Password,
    SystemType,
    InterfaceVersion,
    AddressRange,
    AddressTon,
    AddressNpi,
    ServiceType,
    SourceTon,
    SourceNpi,
    SourceAddress,
    DestinationTon,
    DestinationNpi,
    DestinationAddress,
    EsmeAddress,
    EsmClass,
    ProtocolId,
    PriorityFlag,
    ScheduleDeliveryTime,
    ValidityPeriod,
    RegisteredDelivery,
    ReplaceIfPresent,
    DataCoding,
    DefaultMessageId,
    MessageLength,
    ShortMessage,
    NumberOfDestinations,
    DestinationFlag,
    DistributionList,
    NumberUnsuccessful,
    UnsuccessStatus,
    MessageId,
    FinalDate,
    MessageState,
    ErrorCode,
    TlvValue,
}

impl Field {
    /// The name as the specification writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemId => "system_id",
            Self::Password => "password",
            Self::SystemType => "system_type",
            Self::InterfaceVersion => "interface_version",
            Self::AddressRange => "address_range",
            Self::AddressTon => "addr_ton",
            Self::AddressNpi => "addr_npi",
            Self::ServiceType => "service_type",
            Self::SourceTon => "source_addr_ton",
            Self::SourceNpi => "source_addr_npi",
            Self::SourceAddress => "source_addr",
            Self::DestinationTon => "dest_addr_ton",
            Self::DestinationNpi => "dest_addr_npi",
            Self::DestinationAddress => "destination_addr",
            Self::EsmeAddress => "esme_addr",
            Self::EsmClass => "esm_class",
            Self::ProtocolId => "protocol_id",
            Self::PriorityFlag => "priority_flag",
            Self::ScheduleDeliveryTime => "schedule_delivery_time",
            Self::ValidityPeriod => "validity_period",
            Self::RegisteredDelivery => "registered_delivery",
            Self::ReplaceIfPresent => "replace_if_present_flag",
            Self::DataCoding => "data_coding",
            Self::DefaultMessageId => "sm_default_msg_id",
            Self::MessageLength => "sm_length",
            Self::ShortMessage => "short_message",
            Self::NumberOfDestinations => "number_of_dests",
            Self::DestinationFlag => "dest_flag",
            Self::DistributionList => "dl_name",
            Self::NumberUnsuccessful => "no_unsuccess",
            Self::UnsuccessStatus => "error_status_code",
            Self::MessageId => "message_id",
            Self::FinalDate => "final_date",
            Self::MessageState => "message_state",
            Self::ErrorCode => "error_code",
            Self::TlvValue => "optional parameter",
        }
    }

    /// The status that blames this field.
    fn status(self) -> CommandStatus {
        match self {
            Self::SystemId => CommandStatus::ESME_RINVSYSID,
            Self::Password => CommandStatus::ESME_RINVPASWD,
            Self::SystemType => CommandStatus::ESME_RINVSYSTYP,
            Self::AddressRange => CommandStatus::ESME_RBINDFAIL,
            Self::ServiceType => CommandStatus::ESME_RINVSERTYP,
            Self::SourceAddress => CommandStatus::ESME_RINVSRCADR,
            Self::DestinationAddress | Self::EsmeAddress => CommandStatus::ESME_RINVDSTADR,
            Self::ScheduleDeliveryTime => CommandStatus::ESME_RINVSCHED,
            Self::ValidityPeriod => CommandStatus::ESME_RINVEXPIRY,
            Self::MessageLength | Self::ShortMessage => CommandStatus::ESME_RINVMSGLEN,
            Self::NumberOfDestinations => CommandStatus::ESME_RINVNUMDESTS,
            Self::DestinationFlag => CommandStatus::ESME_RINVDESTFLAG,
            Self::DistributionList => CommandStatus::ESME_RINVDLNAME,
            Self::MessageId => CommandStatus::ESME_RINVMSGID,
            Self::TlvValue => CommandStatus::ESME_RINVPARLEN,
            _ => CommandStatus::ESME_RINVCMDLEN,
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a PDU body could not be decoded. The frame around it is sound, so the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body ends before or inside a field.
    #[error("body ends inside {field}")]
    Truncated {
        /// The field that is cut.
        field: Field,
    },
    /// A C-octet string has no NUL before the body ends.
    #[error("{field} has no final NUL")]
    Unterminated {
        /// The field.
        field: Field,
    },
    /// A field is longer than SMPP 3.4 allows.
    #[error("{field} is longer than {limit} octets")]
    TooLong {
        /// The field.
        field: Field,
        /// Most octets, without the NUL.
        limit: usize,
    },
    /// A time is neither empty nor 16 octets long.
    #[error("{field} is neither empty nor 16 octets long")]
    TimeLength {
        /// The field.
        field: Field,
    },
    /// A C-octet string holds an octet outside ASCII.
    #[error("{field} is not ASCII")]
    NotAscii {
        /// The field.
        field: Field,
    },
    /// A field has a value with which the rest of the body cannot be read or makes no sense.
    #[error("{field} has an invalid value")]
    InvalidValue {
        /// The field.
        field: Field,
    },
    /// Octets follow the body that are not optional parameters.
    #[error("stray octets after the body")]
    StrayOctets,
    /// The optional part is not a sequence of whole TLVs.
    #[error("optional parameters are cut or overrun the body")]
    TlvStream,
    /// A known TLV has a length that its definition forbids.
    #[error("optional parameter {tag} has an invalid length")]
    TlvLength {
        /// The TLV.
        tag: Tag,
    },
    /// Both `short_message` and `message_payload` carry a text (SMPP 3.4, 4.4.1 note on `sm_length`).
    #[error("both short_message and message_payload are present")]
    BothPayloads,
}

impl DecodeError {
    /// The status to answer with: in the matching `_resp`, or in a `generic_nack` for an unknown id.
    #[must_use]
    pub fn command_status(&self) -> CommandStatus {
        match *self {
            Self::Truncated { field: Field::ShortMessage } => CommandStatus::ESME_RINVMSGLEN,
            Self::Truncated { field: Field::TlvValue } | Self::TlvStream => {
                CommandStatus::ESME_RINVOPTPARSTREAM
            }
            Self::Truncated { .. } | Self::StrayOctets => CommandStatus::ESME_RINVCMDLEN,
            Self::Unterminated { field }
            | Self::TooLong { field, .. }
            | Self::TimeLength { field }
            | Self::NotAscii { field }
            | Self::InvalidValue { field } => field.status(),
            Self::TlvLength { .. } => CommandStatus::ESME_RINVPARLEN,
            Self::BothPayloads => CommandStatus::ESME_ROPTPARNOTALLWD,
        }
    }

    /// Always [`Disposition::AnswerAndContinue`]: a bad body never costs the session.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        Disposition::AnswerAndContinue
    }
}

/// Why a PDU could not be encoded. Nothing has been appended to the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A field is longer than SMPP 3.4 allows.
    #[error("{field} is longer than {limit} octets")]
    TooLong {
        /// The field.
        field: Field,
        /// Most octets, without the NUL.
        limit: usize,
    },
    /// A C-octet string contains the NUL that would end it early.
    #[error("{field} contains a NUL")]
    NulInside {
        /// The field.
        field: Field,
    },
    /// A time is neither empty nor 16 octets long.
    #[error("{field} is neither empty nor 16 octets long")]
    TimeLength {
        /// The field.
        field: Field,
    },
    /// A list has no entry or more entries than its count can tell.
    #[error("{field} is out of range")]
    Count {
        /// The field that holds the count.
        field: Field,
    },
    /// Both `short_message` and `message_payload` carry a text.
    #[error("both short_message and message_payload are present")]
    BothPayloads,
    /// The optional part is not a sequence of whole TLVs.
    #[error("optional parameters are not whole")]
    TlvStream,
    /// The PDU would be longer than [`FRAME_LIMIT`](crate::FRAME_LIMIT).
    #[error("pdu of {octets} octets is longer than the frame limit")]
    PduTooLong {
        /// Octets that the PDU would have.
        octets: usize,
    },
}

impl EncodeError {
    /// Always [`Disposition::Never`]: the same value fails again.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        Disposition::Never
    }
}
