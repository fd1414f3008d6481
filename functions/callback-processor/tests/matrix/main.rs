//! The callback matrix of RELIABILITY §6 on real PostgreSQL: twelve kinds × three ways to answer × two
//! plans, and every ordered pair of the seven core kinds.
//!
//! A cell is one row of a table; all failing cells are reported together, and the number of cells
//! that ran is asserted: a cell that is missing fails like one that is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kinds;
mod pairs;
mod world;

/// 12 × 3 × 2 + 7 × 7.
const CELLS: usize = 121;

/// The outcome of every cell that ran.
#[derive(Default)]
struct Board {
    cells: usize,
    wrong: Vec<String>,
}

impl Board {
    /// Notes one cell; `found` is what happened.
    fn note<T: PartialEq + std::fmt::Debug>(&mut self, cell: &str, (found, expected): (T, T)) {
        self.cells += 1;
        if found != expected {
            self.wrong.push(format!("{cell}\n   found    {found:?}\n   expected {expected:?}"));
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_callback_matrix_is_as_the_table_says() {
    let world = world::World::create().await;
    let mut board = Board::default();

    kinds::run(&world, &mut board).await;
    let kinds = board.cells;
    pairs::run(&world, &mut board).await;

    #[expect(clippy::print_stdout, reason = "the count is part of the evidence")]
    {
        println!(
            "callback matrix: {kinds} kinds + {} pairs = {}",
            board.cells - kinds,
            board.cells
        );
    }
    assert!(board.wrong.is_empty(), "{} wrong:\n{}", board.wrong.len(), board.wrong.join("\n"));
    assert_eq!(board.cells, CELLS);
    world.db.finish().await;
}
