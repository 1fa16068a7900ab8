//! OAuth grants that a person must approve: authorization codes and device codes. Times are milliseconds of real time, because
//! the other side counts them on its own clock.

use std::collections::{HashMap, VecDeque};

/// How long an authorization code is valid, in milliseconds.
const CODE_LIFETIME: u64 = 10 * 60 * 1000;

/// How long a device code is valid, in seconds.
pub(crate) const DEVICE_LIFETIME: u64 = 900;

/// Seconds between two polls of a device, and by how many they grow after a poll that was too early.
pub(crate) const DEVICE_INTERVAL: u64 = 5;

/// Maximum number of open grants of each kind. The oldest are removed.
const MAX_GRANTS: usize = 1_000;

/// An authorization code, and what its exchange must repeat.
pub(crate) struct Code {
    pub(crate) client: String,
    pub(crate) redirect: String,
    /// The challenge of the code verifier (PKCE, S256).
    pub(crate) challenge: String,
    pub(crate) created: u64,
}

/// A device that waits for the approval of a person.
pub(crate) struct Device {
    pub(crate) client: String,
    /// The code that the person enters.
    pub(crate) user_code: String,
    pub(crate) created: u64,
    /// What the person decided; `None` before.
    pub(crate) approved: Option<bool>,
    /// When the device polled last.
    polled: Option<u64>,
    /// Seconds between two polls.
    interval: u64,
}

/// Why a device does not get a token yet, as an error code of RFC 8628.
pub(crate) type PollError = &'static str;

/// The open grants.
#[derive(Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    devices: HashMap<String, Device>,
    /// The codes of both kinds, oldest first.
    order: VecDeque<String>,
}

impl Grants {
    /// Adds an authorization code.
    pub(crate) fn add_code(&mut self, code: String, grant: Code) {
        self.codes.insert(code.clone(), grant);
        self.remember(code);
    }

    /// Takes an authorization code, which works once.
    pub(crate) fn take_code(&mut self, code: &str, now: u64) -> Option<Code> {
        self.codes.remove(code).filter(|grant| now < grant.created + CODE_LIFETIME)
    }

    /// Adds a device.
    pub(crate) fn add_device(&mut self, code: String, client: String, user_code: String, created: u64) {
        let interval = DEVICE_INTERVAL;
        let device = Device { client, user_code, created, approved: None, polled: None, interval };
        self.devices.insert(code.clone(), device);
        self.remember(code);
    }

    /// The device with a user code, in any case and with or without its dash.
    pub(crate) fn device(&mut self, user_code: &str, now: u64) -> Option<&mut Device> {
        let plain = |code: &str| code.replace('-', "").trim().to_ascii_uppercase();
        let wanted = plain(user_code);
        let valid = |device: &&mut Device| now < device.created + DEVICE_LIFETIME * 1000;
        self.devices.values_mut().filter(valid).find(|device| plain(&device.user_code) == wanted)
    }

    /// A device polls with its code. If the person has approved, the code is used up.
    pub(crate) fn poll(&mut self, code: &str, client: &str, now: u64) -> Result<(), PollError> {
        let device = self.devices.get_mut(code).filter(|device| device.client == client);
        let device = device.ok_or("invalid_grant")?;
        if now >= device.created + DEVICE_LIFETIME * 1000 {
            return Err("expired_token");
        }
        let early = device.polled.is_some_and(|polled| now < polled + device.interval * 1000);
        device.polled = Some(now);
        match device.approved {
            _ if early => {
                device.interval += DEVICE_INTERVAL;
                Err("slow_down")
            }
            None => Err("authorization_pending"),
            Some(false) => Err("access_denied"),
            Some(true) => {
                self.devices.remove(code);
                Ok(())
            }
        }
    }

    fn remember(&mut self, code: String) {
        self.order.push_back(code);
        if self.order.len() > MAX_GRANTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.codes.remove(&oldest);
            self.devices.remove(&oldest);
        }
    }
}
