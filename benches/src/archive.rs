//! The size of what is uploaded to Lambda: a zip with one file, `bootstrap`.

use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Header, central directory and end record of an archive with one file named `bootstrap`.
const FRAME_BYTES: u64 = 30 + 9 + 46 + 9 + 22;

/// Bytes of the archive, compressed as the usual tools do it (deflate, level 6).
///
/// # Errors
/// The file cannot be read.
pub fn zip_size(binary: &Path) -> io::Result<u64> {
    let mut encoder = DeflateEncoder::new(CountedBytes(0), Compression::default());
    io::copy(&mut std::fs::File::open(binary)?, &mut encoder)?;
    Ok(encoder.finish()?.0 + FRAME_BYTES)
}

/// Forgets what is written and remembers how much it was.
struct CountedBytes(u64);

impl io::Write for CountedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_zeros_shrinks_to_little_more_than_the_frame() {
        let file = std::env::temp_dir().join(format!("oms-zip-{}", std::process::id()));
        std::fs::write(&file, vec![0; 100_000]).unwrap();

        let size = zip_size(&file).unwrap();

        std::fs::remove_file(&file).unwrap();
        assert!((FRAME_BYTES..1_000).contains(&size), "{size}");
    }
}
