//! What happens when a point is passed.

use crate::crash_point::CrashPoint;

#[cfg(feature = "armed")]
type Witness = ();
#[cfg(not(feature = "armed"))]
type Witness = std::convert::Infallible;

/// A point failed on purpose. Without the feature nobody can have one, so that whatever is done
/// about it compiles to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Struck(Witness);

impl Struck {
    /// Turns the impossible into whatever is asked for, where it is impossible.
    #[must_use]
    pub fn operation(self) -> &'static str {
        #[cfg(feature = "armed")]
        return "an armed crash point";
        #[cfg(not(feature = "armed"))]
        match self.0 {}
    }
}

/// Passes a point: nothing, unless a test armed it.
///
/// # Errors
/// [`Struck`], when the point was armed to fail.
#[cfg(not(feature = "armed"))]
#[inline(always)]
pub async fn reach(_point: CrashPoint) -> Result<(), Struck> {
    Ok(())
}

/// Passes a point: dies, hangs or fails there if the process was told to.
///
/// # Errors
/// [`Struck`], when the point was armed to fail.
#[cfg(feature = "armed")]
pub async fn reach(point: CrashPoint) -> Result<(), Struck> {
    armed::pass(point).await
}

/// Waits until the point that this process was told has struck; not at all, if it was told none.
///
/// For work that a test keeps in hand until then.
#[cfg(feature = "armed")]
pub async fn struck() {
    armed::struck().await;
}

#[cfg(feature = "armed")]
mod armed {
    use std::io::Write;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::{Notify, oneshot};

    use super::{CrashPoint, Struck};

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Action {
        Abort,
        Hang,
        Error,
    }

    struct Trap {
        point: CrashPoint,
        action: Action,
        passes: u32,
        passed: AtomicU32,
    }

    static TRAP: OnceLock<Option<Trap>> = OnceLock::new();
    /// Holds one permit once the trap has struck, and whoever takes it gives it back.
    static STRUCK: Notify = Notify::const_new();

    pub(super) async fn pass(point: CrashPoint) -> Result<(), Struck> {
        let Some(trap) = TRAP.get_or_init(trap) else { return Ok(()) };
        if trap.point != point || trap.passed.fetch_add(1, Ordering::SeqCst) >= trap.passes {
            return Ok(());
        }
        announce(point);
        STRUCK.notify_one();
        match trap.action {
            Action::Abort => std::process::abort(),
            Action::Error => Err(Struck(())),
            Action::Hang => {
                thaw().await;
                Ok(())
            }
        }
    }

    fn announce(point: CrashPoint) {
        let mut out = std::io::stderr().lock();
        // Nothing to be done about a lost line: the test that waits for it fails.
        let _written = writeln!(out, "struck {}", point.name()).and_then(|()| out.flush());
    }

    pub(super) async fn struck() {
        if TRAP.get_or_init(trap).is_some() {
            STRUCK.notified().await;
            STRUCK.notify_one();
        }
    }

    /// Until a line comes on standard input; for ever, if it is closed.
    async fn thaw() {
        let (wake, woken) = oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            match std::io::stdin().read_line(&mut line) {
                Ok(1..) => _ = wake.send(()),
                Ok(0) | Err(_) => std::mem::forget(wake),
            }
        });
        _ = woken.await;
    }

    fn trap() -> Option<Trap> {
        let name = setting("OMS_CRASH_POINT")?;
        let Some(point) = CrashPoint::named(&name) else {
            let names = CrashPoint::ALL.map(CrashPoint::name).join(", ");
            panic!("no crash point is named {name}; there are {names}");
        };
        let action = match setting("OMS_CRASH_ACTION").as_deref() {
            Some("abort") => Action::Abort,
            Some("hang") => Action::Hang,
            Some("error") => Action::Error,
            other => panic!("OMS_CRASH_ACTION is abort, hang or error, not {other:?}"),
        };
        let passes = setting("OMS_CRASH_PASSES").map_or(1, |passes| {
            passes.parse().unwrap_or_else(|_| panic!("OMS_CRASH_PASSES is a number, not {passes}"))
        });
        Some(Trap { point, action, passes, passed: AtomicU32::new(0) })
    }

    #[expect(clippy::disallowed_methods, reason = "a test tells its process, no Config does")]
    fn setting(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}
