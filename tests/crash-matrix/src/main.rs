//! One run of one function, in a process that may be made to die: `crash-matrix JOB.json`.

use anyhow::Context;
use crash_matrix::job::Job;
use crash_matrix::worker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let job = std::env::args().nth(1).context("the only argument is a job, as JSON")?;
    let job: Job = serde_json::from_str(&job).context("a job")?;
    let answer = worker::run(job).await?;
    #[expect(clippy::print_stdout, reason = "the answer that the test reads")]
    {
        println!("{answer}");
    }
    Ok(())
}
