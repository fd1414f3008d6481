//! What can be typed after `cargo local`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::chaos::{Profile, StrikeEvery};

/// Everything on one machine: the stack, its tests and its demo, without Docker.
#[derive(Debug, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version)]
pub struct Cli {
    /// Name of the stack; several run side by side. [default: main, for `test`, `seeded-bugs`, `bench` and `chaos`: their name]
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Option<String>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start what is not running yet and leave it running.
    Up(UpArguments),
    /// Order an accepted quote and follow it to its completion.
    Demo(DemoArguments),
    /// Stop everything; data stay for the next `up`.
    Down,
    /// What runs, where, and where its log is.
    Status,
    /// Print a log; without a name, list them.
    Logs(LogsArguments),
    /// Stop everything and forget data, logs and passwords.
    Purge(PurgeArguments),
    /// Print a bearer token for the APIs.
    Token(TokenArguments),
    /// Run the tests against a private PostgreSQL and engine.
    Test(TestArguments),
    /// Run the tests against each seeded mistake; fails when no test notices one.
    SeededBugs(SeededBugsArguments),
    /// Run orders under faults, wait for quiet, and check every invariant.
    ///
    /// The stack is the run's own and starts empty. The plan (which orders, which faults, when)
    /// comes from the seed. Fails on any violation, on a fault that never hit, and when fewer than
    /// 90 % of the orders that no system gave a business reason to stop are COMPLETED.
    Chaos(ChaosArguments),
    /// Measure what the product costs, beside a limit measured in the same run.
    Bench(BenchArguments),
    /// Dead-letter queues: list them, look into them, send messages back.
    Dlq(DlqArguments),
    /// Check a product catalogue and make it a tenant's current one.
    Catalogue(CatalogueArguments),
    /// Check the rules that no compiler knows.
    Tidy(TidyArguments),
    /// Kill or start PostgreSQL alone, to see what the product does about it.
    Postgres { action: Fault },
    /// Kill or start the engine alone.
    Engine { action: Fault },
    /// Kill the emulator with all functions and queues, or start it and deploy again.
    Aws { action: Fault },
    /// Kill or start the simulator of the external systems alone.
    Simulator { action: Fault },
}

#[derive(Debug, Args)]
pub struct UpArguments {
    /// Only PostgreSQL and the engine.
    #[arg(long)]
    pub basic: bool,
}

/// What the demo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Every system does what it is asked for.
    Straight,
    /// Two steps are rejected at once; two people find out why and repair the order with orderctl.
    Fallout,
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// The accepted quote, as the CPQ would serve it.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "catalog/quotes/managed-connectivity-bundle.json"
    )]
    pub quote: PathBuf,
    /// What happens to the order: everything goes well, or it falls out and people repair it.
    #[arg(long, value_enum, default_value_t = Scenario::Straight)]
    pub scenario: Scenario,
    /// Leave the stack up.
    #[arg(long)]
    pub keep: bool,
    /// Print the result as one JSON object, the last line on stdout.
    #[arg(long)]
    pub json: bool,
    /// Give up after so many seconds.
    #[arg(long, default_value_t = 600)]
    pub timeout: u64,
}

#[derive(Debug, Args)]
pub struct LogsArguments {
    /// A component (postgres, engine, aws, simulator), a function, or a tool.
    pub name: Option<String>,
    /// Keep printing what is added.
    #[arg(long, short)]
    pub follow: bool,
}

#[derive(Debug, Args)]
pub struct PurgeArguments {
    /// Every stack and the cache of downloads, too.
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct TokenArguments {
    /// The tenant the caller belongs to.
    #[arg(long, default_value = "acme")]
    pub tenant: String,
    /// May be repeated.
    #[arg(long, value_name = "SCOPE")]
    pub scope: Vec<String>,
    /// order-viewer, order-operator, order-supervisor or platform-operator; may be repeated.
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// Who it is; four eyes compares it.
    #[arg(long, default_value = "local-user")]
    pub subject: String,
    /// How long it is valid, in seconds.
    #[arg(long, default_value_t = 3600)]
    pub ttl: u32,
}

#[derive(Debug, Args)]
pub struct TestArguments {
    /// Faster and not durable; not for tests that kill the database.
    #[arg(long)]
    pub no_fsync: bool,
    /// Leave PostgreSQL and the engine running for the next `test`.
    #[arg(long)]
    pub keep: bool,
    /// Passed to `cargo test`: a filter, `-p CRATE`, `-- --nocapture`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
}

impl TestArguments {
    /// All tests of the workspace.
    #[must_use]
    pub const fn of_workspace() -> Self {
        Self { no_fsync: true, keep: false, arguments: Vec::new() }
    }
}

#[derive(Debug, Args)]
pub struct SeededBugsArguments {
    /// Only the mistake of this number; may be repeated.
    #[arg(long, value_name = "N")]
    pub bug: Vec<u8>,
    /// Print the result as one JSON object, the last line on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ChaosArguments {
    /// Which faults are injected.
    #[arg(long, default_value = "mixed")]
    pub profile: Profile,
    /// Decides the plan; the same seed gives the same plan.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many orders are placed.
    #[arg(long, default_value_t = 300)]
    pub orders: usize,
    /// Strike by the clock, over and over, with pauses of so many seconds; for long runs. Otherwise
    /// each planned strike falls once, spread evenly among the orders.
    #[arg(long, value_name = "MIN-MAX")]
    pub strike_every: Option<StrikeEvery>,
    /// Only these of the profile's strikes, as the table names them; may be repeated.
    #[arg(long, value_name = "KIND")]
    pub strike: Vec<String>,
    /// How many seconds after the last fault may pass until everything is at rest.
    #[arg(long, default_value_t = 420)]
    pub patience: u64,
    /// Leave the stack up, to look at what is left.
    #[arg(long)]
    pub keep: bool,
}

#[derive(Debug, Args)]
pub struct BenchArguments {
    #[command(subcommand)]
    pub bench: Bench,
}

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Time to the first event, peak memory and zip size of every function (release builds).
    ColdStart(ColdStartArguments),
    /// Draining a backlog of deliveries, beside `DELETE … SKIP LOCKED`.
    Outbox(StoreBenchArguments),
    /// Recording callbacks by the hundred and one by one, beside the updates alone.
    Callbacks(StoreBenchArguments),
    /// Claiming and answering steps by the hundred, beside the updates alone.
    Steps(StoreBenchArguments),
    /// Finding and claiming due steps, beside a read of the index and the updates alone.
    Reconciliation(StoreBenchArguments),
    /// Pages of the worklist, beside a read of one order by its key.
    Worklist(StoreBenchArguments),
    /// Outbox, callbacks, steps and reconciliation, one after the other in the same databases.
    Store(StoreBenchArguments),
}

#[derive(Debug, Args)]
pub struct ColdStartArguments {
    /// Only this function; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub function: Vec<String>,
    /// How often the probe and all functions take turns.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(5..=100))]
    pub rounds: u32,
}

#[derive(Debug, Args)]
pub struct StoreBenchArguments {
    /// Numbers of finished steps beside the live ones, each a database of its own; ten million take
    /// 20 GB and half an hour to write.
    #[arg(long, value_delimiter = ',', default_value = "0,1000000")]
    pub history: Vec<u64>,
    /// How often everybody takes five turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=100))]
    pub rounds: u32,
}

#[derive(Debug, Args)]
pub struct DlqArguments {
    /// Any SQS instead of the stack's, for example `https://sqs.eu-central-1.amazonaws.com`; then
    /// AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are read.
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Option<reqwest::Url>,
    #[command(subcommand)]
    pub action: Dlq,
}

#[derive(Debug, Subcommand)]
pub enum Dlq {
    /// Every dead-letter queue, how much waits in it, and whose messages they were.
    List,
    /// Look at messages: id, receive count, reason. They stay; a look counts as a receive.
    Show {
        /// The dead-letter queue, or the queue it belongs to. [default: all]
        queue: Option<String>,
        /// At most so many of each queue.
        #[arg(long, default_value_t = 10)]
        limit: usize,
        /// Print bodies too; they may hold what is private.
        #[arg(long)]
        body: bool,
    },
    /// Send messages back to their queue, once what made them fail is mended. Repeating is harmless:
    /// steps are claimed, callbacks are deduplicated.
    Redrive {
        /// The dead-letter queue, or the queue it belongs to. [default: all]
        queue: Option<String>,
        /// At most so many of each queue.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Throw one message away for good.
    Purge {
        /// The dead-letter queue, or the queue it belongs to.
        queue: String,
        /// As `show` prints it.
        message_id: String,
    },
}

#[derive(Debug, Args)]
pub struct CatalogueArguments {
    /// The catalogue; `catalog/schema/catalogue.schema.json` describes it.
    #[arg(default_value = "catalog/catalogue.json")]
    pub file: PathBuf,
    /// Whose catalogue it becomes.
    #[arg(long, default_value = "acme")]
    pub tenant: String,
}

#[derive(Debug, Args)]
pub struct TidyArguments {
    /// First list migrations that are new in `migrations/checksums.txt`.
    #[arg(long)]
    pub record_migrations: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    Kill,
    Start,
}

impl ChaosArguments {
    /// The command that does the same again.
    #[must_use]
    pub fn replay(&self) -> String {
        let Self { profile, seed, orders, strike_every, strike, .. } = self;
        let mut command =
            format!("cargo local chaos --profile {profile} --seed {seed} --orders {orders}");
        if let Some(every) = strike_every {
            command.push_str(&format!(" --strike-every {every}"));
        }
        for kind in strike {
            command.push_str(&format!(" --strike {kind}"));
        }
        command
    }
}

impl Cli {
    /// The stack this command works on.
    #[must_use]
    pub fn stack_name(&self) -> &str {
        let default = match self.command {
            Command::Test(_) => "test",
            Command::SeededBugs(_) => "seeded-bugs",
            Command::Bench(_) => "bench",
            Command::Chaos(_) => "chaos",
            _ => "main",
        };
        self.stack.as_deref().unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_after_test_belongs_to_cargo() {
        let cli = Cli::parse_from([
            "local",
            "test",
            "--no-fsync",
            "-p",
            "order-store",
            "--",
            "--nocapture",
        ]);

        let Command::Test(test) = cli.command else { panic!("not a test") };
        assert!(test.no_fsync);
        assert_eq!(test.arguments, ["-p", "order-store", "--", "--nocapture"]);
    }

    #[test]
    fn a_chaos_run_is_replayed_by_the_command_that_it_prints() {
        let typed = "local chaos --profile engine --seed 7 --orders 50 --strike-every 5-40 \
                     --strike ENGINE_KILLED --strike ENGINE_SLOW";
        let Command::Chaos(chaos) = Cli::parse_from(typed.split_whitespace()).command else {
            panic!("not chaos")
        };

        let typed: Vec<&str> = typed.split_whitespace().skip(1).collect();
        assert_eq!(chaos.replay(), format!("cargo local {}", typed.join(" ")));
    }

    #[test]
    fn tests_and_benches_have_a_stack_of_their_own() {
        assert_eq!(Cli::parse_from(["local", "test"]).stack_name(), "test");
        assert_eq!(Cli::parse_from(["local", "bench", "cold-start"]).stack_name(), "bench");
        assert_eq!(Cli::parse_from(["local", "up"]).stack_name(), "main");
        assert_eq!(Cli::parse_from(["local", "test", "--stack", "x"]).stack_name(), "x");
        assert_eq!(Cli::parse_from(["local", "--stack", "x", "test"]).stack_name(), "x");
    }
}
