//! Tables that fit 100 columns: the last column gives way, or goes on below.

use crate::terminal::Terminal;

/// As wide as a table may become.
const WIDTH: usize = 100;
/// Between two columns.
const GAP: usize = 2;
/// What the last column keeps, however wide the others are.
const LAST: usize = 12;

/// Rows below one header; the last column has what room is left.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    indent: usize,
    is_wrapping: bool,
}

impl Table {
    pub(crate) fn new(header: &[&str]) -> Self {
        let header = header.iter().map(|&title| title.to_owned()).collect();
        Self { header, rows: Vec::new(), indent: 0, is_wrapping: false }
    }

    /// Sentences in the last column go on below instead of being cut.
    pub(crate) fn wrapping(header: &[&str]) -> Self {
        Self { is_wrapping: true, ..Self::new(header) }
    }

    /// Sentences below a heading.
    pub(crate) fn wrapping_indented(header: &[&str]) -> Self {
        Self { indent: 2, ..Self::wrapping(header) }
    }

    /// Below a heading.
    pub(crate) fn indented(header: &[&str]) -> Self {
        Self { indent: 2, ..Self::new(header) }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(crate) fn print(&self, terminal: &Terminal) {
        let widths = self.widths();
        terminal.answer(&self.line(&self.header, &widths, str::to_owned));
        for row in &self.rows {
            for line in self.lines_of(row, &widths) {
                terminal.answer(&self.line(&line, &widths, |cell| terminal.paint_status(cell)));
            }
        }
    }

    /// The row, and below it what its last column has no room for.
    fn lines_of(&self, row: &[String], widths: &[usize]) -> Vec<Vec<String>> {
        let (Some((last, others)), Some(&room)) = (row.split_last(), widths.last()) else {
            return Vec::new();
        };
        if !self.is_wrapping {
            return vec![row.to_vec()];
        }
        let mut lines = Vec::new();
        for part in wrapped(last, room) {
            let others = others.iter().map(|cell| match lines.is_empty() {
                true => cell.clone(),
                false => String::new(),
            });
            let line = others.chain([part]).collect();
            lines.push(line);
        }
        lines
    }

    /// Each row, and the header, followed by a second line of its own.
    pub(crate) fn print_with_second_lines(
        &self,
        terminal: &Terminal,
        header: &str,
        lines: impl Iterator<Item = String>,
    ) {
        let widths = self.widths();
        terminal.answer(&self.line(&self.header, &widths, str::to_owned));
        terminal.answer(header);
        for (row, second) in self.rows.iter().zip(lines) {
            terminal.answer(&self.line(row, &widths, |cell| terminal.paint_status(cell)));
            terminal.answer(&second);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let widest = |column: usize| {
            lines().filter_map(|line| line.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.header.len()).map(widest).collect();
        if let Some((last, others)) = widths.split_last_mut() {
            let taken = self.indent + others.iter().map(|width| width + GAP).sum::<usize>();
            *last = (*last).min(WIDTH.saturating_sub(taken).max(LAST));
        }
        widths
    }

    /// Colours are added last, because they have no width.
    fn line(&self, cells: &[String], widths: &[usize], paint: impl Fn(&str) -> String) -> String {
        let mut line = " ".repeat(self.indent);
        for (index, (cell, &wanted)) in cells.iter().zip(widths).enumerate() {
            let cell = cut(cell, wanted);
            let padding = wanted - width(&cell);
            line.push_str(&paint(&cell));
            if index + 1 < cells.len() {
                line.push_str(&" ".repeat(padding + GAP));
            }
        }
        line
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The words in lines of that width; a longer word has a line of its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().filter(|line| width(line) + 1 + width(word) <= room);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines.retain(|line| !line.is_empty());
    if lines.is_empty() { vec![String::new()] } else { lines }
}

fn cut(text: &str, wanted: usize) -> String {
    if width(text) <= wanted {
        return text.to_owned();
    }
    text.chars().take(wanted.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_one_gives_way() {
        let mut table = Table::new(&["A", "STATUS", "WHY"]);
        table.row(["x".repeat(60), "CREATED".to_owned(), "z".repeat(80)]);
        table.row(["y".to_owned(), "FALLOUT".to_owned(), "short".to_owned()]);
        let terminal = Terminal::in_memory();

        table.print(&terminal);

        let printed = terminal.written().stdout;
        let lines: Vec<&str> = printed.lines().collect();
        assert!(lines.iter().all(|line| width(line) <= WIDTH), "{printed}");
        assert!(lines[1].ends_with('…'));
        assert_eq!(lines[0].find("STATUS"), lines[2].find("FALLOUT"));
    }

    #[test]
    fn sentences_go_on_below_and_lose_no_word() {
        let mut table = Table::wrapping(&["WHEN", "WHAT"]);
        table.row(["noon".to_owned(), "word ".repeat(30).trim().to_owned()]);
        let terminal = Terminal::in_memory();

        table.print(&terminal);

        let printed = terminal.written().stdout;
        assert!(printed.lines().all(|line| width(line) <= WIDTH), "{printed}");
        assert_eq!(printed.matches("word").count(), 30);
        assert_eq!(printed.matches("noon").count(), 1);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("ab cd toolongaword e", 5), ["ab cd", "toolongaword", "e"]);
    }
}
