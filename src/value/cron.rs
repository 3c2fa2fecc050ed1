//! Schedules in the form of cron.

/// The least and the greatest number of each field: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
const FIELDS: [(u8, u8); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Whether a text is five fields of cron (`crontab(5)`): numbers, names of months and weekdays, `*`, ranges, steps, lists.
pub fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() == FIELDS.len() && fields.iter().enumerate().all(|(index, field)| field.split(',').all(|item| is_item(index, item)))
}

fn is_item(index: usize, item: &str) -> bool {
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let step_fits = step.is_none_or(|step| step.parse::<u8>().is_ok_and(|step| step > 0));
    let range_fits = range == "*"
        || match range.split_once('-') {
            Some((from, to)) => number(index, from).is_some_and(|from| number(index, to).is_some_and(|to| from <= to)),
            None => number(index, range).is_some(),
        };
    step_fits && range_fits
}

fn number(index: usize, text: &str) -> Option<u8> {
    let named = |names: &[&str]| names.iter().position(|name| text.eq_ignore_ascii_case(name)).and_then(|at| u8::try_from(at).ok());
    let name = match index {
        3 => named(&MONTHS).map(|at| at + 1),
        4 => named(&DAYS),
        _ => None,
    };
    let (least, greatest) = FIELDS[index];
    let digits = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    name.or_else(digits).filter(|number| (least..=greatest).contains(number))
}

#[cfg(test)]
mod tests {
    use super::is_cron;

    #[test]
    fn fields_are_read_as_cron_reads_them() {
        for text in ["0 3 * * *", "*/15 0-6,22 1,15 jan-mar MON-fri", "59 23 31 12 7", "0 0 1-31/2 * sun"] {
            assert!(is_cron(text), "{text}");
        }
        for text in ["", "0 3 * *", "0 3 * * * *", "60 3 * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8", "@daily"] {
            assert!(!is_cron(text), "{text}");
        }
        for text in ["5-1 * * * *", "*/0 * * * *", "1,, * * * *", "jan * * * *", "-1 * * * *", "* * * * mon-", "+5 * * * *"] {
            assert!(!is_cron(text), "{text}");
        }
    }
}
