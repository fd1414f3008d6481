//! From the words of the command line to what is done.

use std::ffi::OsString;

use clap::{CommandFactory, Parser};
use clap_complete::Shell;

use crate::act::{self, ActionRequest, Subject};
use crate::cli::{
    BulkCommand, CasesCommand, CatalogCommand, Cli, Command, OrdersCommand, SystemsCommand,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::Terminal;
use crate::world::World;
use crate::{bulk, cases, catalog, codes, orders, systems};

/// Runs one command line, the program's name first, and says how it ended.
pub async fn run<I, T>(arguments: I, world: &World) -> Exit
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return print_clap(&error, &world.terminal),
    };
    let mut world = world.clone();
    if cli.connection.no_color {
        world.terminal = world.terminal.without_colours();
    }
    let end = dispatch(cli, &world).await;
    end.unwrap_or_else(|failure| failure.report(&world.terminal))
}

async fn dispatch(cli: Cli, world: &World) -> Result<Exit, Failure> {
    if let Some(code) = &cli.explain {
        return codes::explain(code, &world.terminal);
    }
    let session = || Session::open(&cli.connection, world);
    match cli.command {
        Some(Command::Orders(command)) => of_orders(command, &session()?).await,
        Some(Command::Cases(command)) => of_cases(command, &session()?).await,
        Some(Command::Bulk(command)) => of_bulk(command, &session()?).await,
        Some(Command::Catalog(command)) => of_catalog(command, &session()?).await,
        Some(Command::Systems(command)) => of_systems(command, &session()?).await,
        Some(Command::Completions { shell }) => Ok(completions(shell, &world.terminal)),
        None => {
            let failure = Failure::usage("no command was given");
            Err(failure.advise("orderctl --help".to_owned()))
        }
    }
}

async fn of_orders(command: OrdersCommand, session: &Session) -> Result<Exit, Failure> {
    match command {
        OrdersCommand::List(arguments) => orders::list(session, &arguments).await,
        OrdersCommand::Show(order) => orders::show(session, &order).await,
        OrdersCommand::Explain(order) => orders::explain(session, &order).await,
        OrdersCommand::Timeline(order) => orders::timeline(session, &order).await,
        OrdersCommand::Watch(arguments) => orders::watch(session, &arguments).await,
        OrdersCommand::Act { order, action } => {
            let shown_by = format!("orderctl orders show {}", order.order);
            let subject = Subject { path: session.order_path(&order.order).await?, shown_by };
            act::act(session, &subject, &ActionRequest::from(action)).await
        }
    }
}

async fn of_cases(command: CasesCommand, session: &Session) -> Result<Exit, Failure> {
    match command {
        CasesCommand::List(arguments) => cases::list(session, &arguments).await,
        CasesCommand::Show(case) => cases::show(session, &case).await,
        CasesCommand::Signatures(arguments) => cases::signatures(session, &arguments).await,
        CasesCommand::Act { case, action } => {
            let shown_by = format!("orderctl cases show {} {}", case.order, case.case);
            let subject = Subject { path: session.case_path(&case).await?, shown_by };
            act::act(session, &subject, &ActionRequest::from(*action)).await
        }
    }
}

async fn of_catalog(command: CatalogCommand, session: &Session) -> Result<Exit, Failure> {
    match command {
        CatalogCommand::List(arguments) => catalog::list(session, &arguments).await,
        CatalogCommand::Show(arguments) => catalog::show(session, &arguments).await,
        CatalogCommand::Diff { file } => catalog::diff(session, &file).await,
        CatalogCommand::Apply(arguments) => catalog::apply(session, &arguments).await,
    }
}

async fn of_systems(command: SystemsCommand, session: &Session) -> Result<Exit, Failure> {
    match command {
        SystemsCommand::List => systems::list(session).await,
        SystemsCommand::Hold(arguments) => systems::hold(session, &arguments).await,
        SystemsCommand::Release(arguments) => systems::release(session, &arguments).await,
    }
}

async fn of_bulk(command: BulkCommand, session: &Session) -> Result<Exit, Failure> {
    match command {
        BulkCommand::Prepare(arguments) => bulk::prepare(session, &arguments).await,
        BulkCommand::List(arguments) => bulk::list(session, &arguments).await,
        BulkCommand::Show(bulk) => bulk::show(session, &bulk).await,
        BulkCommand::Items(arguments) => bulk::items(session, &arguments).await,
        BulkCommand::Start(decision) => bulk::decide(session, "start", &decision).await,
        BulkCommand::Approve(decision) => bulk::decide(session, "approve", &decision).await,
        BulkCommand::Pause(decision) => bulk::decide(session, "pause", &decision).await,
        BulkCommand::Resume(decision) => bulk::decide(session, "resume", &decision).await,
        BulkCommand::Abort(decision) => bulk::decide(session, "abort", &decision).await,
        BulkCommand::Watch(arguments) => bulk::watch(session, &arguments).await,
    }
}

fn completions(shell: Shell, terminal: &Terminal) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "orderctl", &mut script);
    terminal.answer(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}

/// Help is data, a mistake is a message.
fn print_clap(error: &clap::Error, terminal: &Terminal) -> Exit {
    let text = terminal.render(error);
    if error.use_stderr() {
        terminal.message(&text);
        return Exit::Usage;
    }
    terminal.answer(&text);
    Exit::Done
}
