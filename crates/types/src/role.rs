//! Who may do what: one enum of roles, one enum of permissions, one table.

use crate::message::coded_enum;

coded_enum!(
    /// What a person is to the installation.
    Role {
        /// Everything within an account.
        AccountOwner = 0, "account_owner";
        /// Sends and looks up within an account; no money, no people.
        AccountDeveloper = 1, "account_developer";
        /// Looks only, within an account.
        AccountViewer = 2, "account_viewer";
        /// Everything within an account and the accounts below it.
        ResellerAdmin = 3, "reseller_admin";
        /// Looks only, within an account and the accounts below it; masked numbers.
        ResellerSupport = 4, "reseller_support";
        /// Everything in the installation.
        StaffAdmin = 10, "staff_admin";
        /// Runs traffic: connectors, routes, any message.
        StaffOperations = 11, "staff_operations";
        /// Answers customers: any message, masked numbers.
        StaffSupport = 12, "staff_support";
    }
);

coded_enum!(
    /// One thing that can be allowed.
    Permission {
        /// See the messages of the own account.
        MessagesView = 0, "messages_view";
        /// Send messages for the own account.
        MessagesSend = 1, "messages_send";
        /// See balance and movements of the own account.
        MoneyView = 2, "money_view";
        /// Read keys and secrets of the own account.
        KeysView = 3, "keys_view";
        /// See any account's messages.
        AnyMessageView = 4, "any_message_view";
        /// See phone numbers unmasked.
        NumbersUnmasked = 5, "numbers_unmasked";
        /// See connectors, suppliers and routes.
        TrafficView = 6, "traffic_view";
        /// Change connectors, suppliers and routes.
        TrafficChange = 7, "traffic_change";
        /// See the simulated phones and the mailbox.
        SandboxView = 8, "sandbox_view";
        /// Make accounts, people and keys.
        PeopleChange = 9, "people_change";
        /// See the accounts below the own one, and act for them by what else the role allows.
        TreeView = 10, "tree_view";
        /// Make and change the accounts below the own one, and give them value.
        TreeChange = 11, "tree_change";
    }
);

impl Role {
    /// Whether this role belongs to the operator.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::StaffAdmin | Self::StaffOperations | Self::StaffSupport)
    }

    /// What this role may do. This is the only table of its kind.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::AccountOwner => &[
                P::MessagesView,
                P::MessagesSend,
                P::MoneyView,
                P::KeysView,
                P::NumbersUnmasked,
                P::SandboxView,
            ],
            Self::ResellerAdmin => &[
                P::MessagesView,
                P::MessagesSend,
                P::MoneyView,
                P::KeysView,
                P::NumbersUnmasked,
                P::SandboxView,
                P::TreeView,
                P::TreeChange,
            ],
            Self::ResellerSupport => &[P::MessagesView, P::MoneyView, P::TreeView],
            Self::AccountDeveloper => &[P::MessagesView, P::MessagesSend, P::NumbersUnmasked, P::SandboxView],
            Self::AccountViewer => &[P::MessagesView],
            Self::StaffAdmin => &[
                P::AnyMessageView,
                P::NumbersUnmasked,
                P::TrafficView,
                P::TrafficChange,
                P::SandboxView,
                P::PeopleChange,
                P::MoneyView,
            ],
            Self::StaffOperations => {
                &[P::AnyMessageView, P::NumbersUnmasked, P::TrafficView, P::TrafficChange, P::SandboxView]
            }
            Self::StaffSupport => &[P::AnyMessageView, P::TrafficView, P::SandboxView],
        }
    }

    /// Whether this role may do it.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, Role};

    #[test]
    fn customers_never_reach_beyond_their_account() {
        let beyond = [
            Permission::AnyMessageView,
            Permission::TrafficView,
            Permission::TrafficChange,
            Permission::PeopleChange,
        ];
        for role in Role::ALL.iter().filter(|r| !r.is_staff()) {
            assert!(beyond.iter().all(|p| !role.may(*p)), "{role}");
        }
    }
}
