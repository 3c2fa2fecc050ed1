//! The part of a file that a snippet shows: safe to print, without secrets, with the spans moved along.

use std::ops::Range;

use super::printable::printable;
use crate::source::{Source, Span};

/// What stands in the place of a secret. Its length says nothing about the secret's.
const MASK: &str = "•••";

/// How many bytes of a line are kept before and after what it shows. The renderer cuts lines to its width anyway,
/// but takes its time: half a second for a line of a megabyte, and whole files may be one line.
const AROUND: usize = 400;

/// The lines between the first and the last span.
pub(super) struct Excerpt {
    /// What to show. Every line ends in a line feed, lines without a span are empty.
    pub(super) text: String,
    /// The number of the first line, from 1.
    pub(super) first_line: usize,
    /// The spans in `text`, in the order given. Each lies on one line.
    pub(super) spans: Vec<Range<usize>>,
}

impl Excerpt {
    /// Cuts out what shows `spans`, each as far as its first line goes: a value may be a block of any length, and
    /// where it starts is enough to find it.
    pub(super) fn new(source: &Source, spans: &[Span], masked: &[Span]) -> Self {
        let mut places: Vec<_> = spans.iter().map(|span| Line::of(source, *span)).enumerate().collect();
        places.sort_by_key(|(_, line)| line.number);
        let first_line = places.first().map_or(1, |(_, line)| line.number);
        let mut excerpt = Self { text: String::new(), first_line, spans: vec![0..0; spans.len()] };
        let mut next = first_line;
        for same_line in places.chunk_by(|(_, a), (_, b)| a.number == b.number) {
            let here = same_line.iter().map(|(index, _)| spans[*index]);
            let line = same_line[0].1.around(here);
            excerpt.text.extend(std::iter::repeat_n('\n', line.number - next));
            for (index, _) in same_line {
                excerpt.spans[*index] = line.shown_range(spans[*index], masked, excerpt.text.len());
            }
            excerpt.text.push_str(&line.shown(line.end, masked));
            excerpt.text.push('\n');
            next = line.number + 1;
        }
        excerpt
    }
}

/// One line of a file, or as much of it as is near the spans on it.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    number: usize,
    /// The offset of its first byte.
    start: usize,
    /// The offset of its end, before the line break.
    end: usize,
}

impl<'a> Line<'a> {
    /// The line on which `span` starts; an offset past the end is the end.
    fn of(source: &'a Source, span: Span) -> Self {
        let text = source.text();
        let at = span.start.min(text.len());
        let at = text.floor_char_boundary(at);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let end = start + text[start..end].strip_suffix('\r').unwrap_or(&text[start..end]).len();
        Self { text, number: source.position(at).line, start, end }
    }

    /// The line without what is far from the starts of `spans`.
    fn around(self, spans: impl Iterator<Item = Span> + Clone) -> Self {
        let starts = spans.map(|span| span.start);
        let first = starts.clone().min().unwrap_or(self.start);
        let last = starts.max().unwrap_or(self.end);
        Self { start: self.clamp(first.saturating_sub(AROUND)), end: self.clamp_up(last.saturating_add(AROUND)), ..self }
    }

    /// Where `span` lies in an output that shows this line from `offset` on.
    fn shown_range(&self, span: Span, masked: &[Span], offset: usize) -> Range<usize> {
        let (start, end) = self.around_masks(span, masked);
        let start = offset + self.shown(start, masked).len();
        let end = offset + self.shown(end, masked).len();
        start..end.max(start)
    }

    /// The part of `span` on this line, widened so that it starts and ends outside of every mask.
    fn around_masks(&self, span: Span, masked: &[Span]) -> (usize, usize) {
        let mut start = self.clamp(span.start);
        let mut end = self.clamp(span.end).max(start);
        for mask in self.masks(masked) {
            if mask.contains(&start) {
                start = mask.start;
            }
            if mask.start < end && end < mask.end {
                end = mask.end;
            }
        }
        (start, end)
    }

    /// The line from its start up to `end`, as it may be printed.
    fn shown(&self, end: usize, masked: &[Span]) -> String {
        let mut shown = String::new();
        let mut at = self.start;
        for mask in self.masks(masked).into_iter().filter(|mask| mask.start < end) {
            shown.push_str(&printable(&self.text[at..mask.start]));
            shown.push_str(MASK);
            at = mask.end;
        }
        if at < end {
            shown.push_str(&printable(&self.text[at..end]));
        }
        shown
    }

    /// What is masked on this line: in order, none empty, none touching another.
    fn masks(&self, masked: &[Span]) -> Vec<Range<usize>> {
        let mut on_line: Vec<_> =
            masked.iter().map(|span| self.clamp(span.start)..self.clamp_up(span.end)).filter(|range| range.start < range.end).collect();
        on_line.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in on_line {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    fn clamp(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset.clamp(self.start, self.end))
    }

    /// As `clamp`, but a character that is masked in part is masked whole.
    fn clamp_up(&self, offset: usize) -> usize {
        self.text.ceil_char_boundary(offset.clamp(self.start, self.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, spans: &[Span], masked: &[Span]) -> (String, usize, Vec<String>) {
        let Excerpt { text, first_line, spans } = Excerpt::new(&Source::new("a.yml", text), spans, masked);
        let marked = spans.iter().map(|span| text[span.clone()].to_owned()).collect();
        (text, first_line, marked)
    }

    #[test]
    fn keeps_only_lines_with_spans() {
        let (text, first_line, marked) = excerpt("a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n", &[Span::new(18, 19), Span::new(6, 7)], &[]);
        assert_eq!((text.as_str(), first_line), ("b: 2\n\nd: 4\n", 2));
        assert_eq!(marked, ["d", "b"]);
    }

    #[test]
    fn cuts_a_block_after_its_first_line() {
        let (text, _, marked) = excerpt("a:\n  b: 1\n  c: 2\n", &[Span::new(5, 17)], &[]);
        assert_eq!((text.as_str(), marked[0].as_str()), ("  b: 1\n", "b: 1"));
    }

    #[test]
    fn moves_spans_past_escapes_and_masks() {
        let line = "\u{202e}a: hunter2 # b";
        let b = line.len() - 1;
        let secret = Span::new(6, 13);
        let spans = [Span::new(b, b + 1), secret, Span::new(8, 10), Span::new(3, 8)];
        let (text, _, marked) = excerpt(line, &spans, &[secret, Span::new(7, 9)]);
        assert_eq!(text, "\\u{202e}a: ••• # b\n");
        assert_eq!(marked, ["b", "•••", "•••", "a: •••"]);
    }

    #[test]
    fn cuts_a_long_line_around_its_spans() {
        let long = "é".repeat(3 * AROUND);
        let line = format!("{long}x{long}y{long}");
        let x = Span::new(long.len(), long.len() + 1);
        let y = Span::new(2 * long.len() + 1, 2 * long.len() + 2);
        let (text, _, marked) = excerpt(&line, &[y, x], &[]);
        assert_eq!(marked, ["y", "x"]);
        assert!((long.len()..long.len() + 3 * AROUND).contains(&text.len()), "{}", text.len());
    }

    #[test]
    fn masks_every_line_of_a_long_secret() {
        let spans = [Span::new(5, 6), Span::new(11, 12)];
        let (text, _, _) = excerpt("k: |\n key1\n key2\nz: 1", &spans, &[Span::new(5, 16)]);
        assert_eq!(text, "•••\n•••\n");
    }
}
