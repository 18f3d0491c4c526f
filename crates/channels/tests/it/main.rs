//! Channels against scripted peers on free ports, and the courier against hostile servers.

#[cfg(test)]
mod courier;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod smpp;
