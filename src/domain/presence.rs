//! Who is on the owner's site right now: what pages with the widget say of themselves, kept for [`GONE_MS`] and never stored.

use super::ids::AgentId;
use super::page::PagePath;
use std::collections::HashMap;
use std::net::IpAddr;
use uuid::Uuid;

/// A page that can be seen says so every so often, in milliseconds.
pub const BEAT_MS: i64 = 30_000;
/// A page that has said nothing for this long is gone, in milliseconds: it may miss one beat.
pub const GONE_MS: i64 = 75_000;
/// Pages of one workspace that are remembered at once, at most.
pub const MOST: usize = 10_000;
/// Of these, from one address.
pub const MOST_OF_ONE: usize = 300;

/// What a page says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Made up by the tab, and forgotten with it.
    pub page: Uuid,
    /// The agent whose widget it shows.
    pub agent: AgentId,
    /// Where on the site it is.
    pub path: PagePath,
    /// Where it comes from, if that tells visitors apart.
    pub from: Option<IpAddr>,
}

/// What became of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// A page nobody knew, or one that went elsewhere.
    News,
    /// It is still there.
    Known,
    /// There is no room for another page of this workspace or address.
    Full,
}

/// What is to be seen of a crowd.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// Pages that are open. A visitor with two tabs counts twice.
    pub visitors: usize,
    /// No more were taken in: there may be more than these.
    pub is_full: bool,
    /// The paths at which most of them are, the fullest first and by name where they are as full.
    pub paths: Vec<(PagePath, usize)>,
    /// The agents whose widgets they show.
    pub agents: Vec<AgentId>,
}

#[derive(Debug, Clone)]
struct Page {
    agent: AgentId,
    path: PagePath,
    from: Option<IpAddr>,
    /// When it last spoke, as uptime in milliseconds.
    at: i64,
}

/// The pages of one workspace. Never more than [`MOST`] of them, nor more than [`MOST_OF_ONE`] from one address.
#[derive(Debug, Default)]
pub struct Crowd {
    pages: HashMap<Uuid, Page>,
    of_one: HashMap<IpAddr, usize>,
}

impl Crowd {
    /// Notes what a page says. `uptime` in milliseconds, as everywhere here.
    pub fn note(&mut self, beat: Beat, uptime: i64) -> Noted {
        let Beat {
            page: id,
            agent,
            path,
            from,
        } = beat;
        let was = self.take(id).filter(|page| !page.is_gone(uptime));
        let page = Page {
            agent,
            path,
            from,
            at: uptime,
        };
        if self.has_no_room(from) {
            self.forget_gone(uptime);
            if self.has_no_room(from) {
                return Noted::Full;
            }
        }
        let is_known = was.is_some_and(|was| was.path == page.path && was.agent == page.agent);
        if let Some(from) = from {
            *self.of_one.entry(from).or_default() += 1;
        }
        self.pages.insert(id, page);
        if is_known { Noted::Known } else { Noted::News }
    }

    /// A page was closed; whether anybody knew it.
    pub fn leave(&mut self, page: Uuid) -> bool {
        self.take(page).is_some()
    }

    /// Forgets whoever is gone; whether somebody was.
    pub fn forget_gone(&mut self, uptime: i64) -> bool {
        let gone: Vec<Uuid> = self
            .pages
            .iter()
            .filter(|(_, page)| page.is_gone(uptime))
            .map(|(id, _)| *id)
            .collect();
        for id in &gone {
            self.take(*id);
        }
        !gone.is_empty()
    }

    /// What is to be seen, with at most so many paths.
    pub fn sight(&self, uptime: i64, most_paths: usize) -> Sight {
        let mut paths: HashMap<&PagePath, usize> = HashMap::new();
        let mut agents = Vec::new();
        let mut visitors = 0;
        for page in self.pages.values().filter(|page| !page.is_gone(uptime)) {
            visitors += 1;
            *paths.entry(&page.path).or_default() += 1;
            agents.push(page.agent);
        }
        agents.sort_unstable();
        agents.dedup();
        let mut paths: Vec<(PagePath, usize)> = paths.into_iter().map(|(path, count)| (path.clone(), count)).collect();
        paths.sort_by(|(path, count), (other, others)| others.cmp(count).then_with(|| path.cmp(other)));
        paths.truncate(most_paths);
        Sight {
            visitors,
            is_full: visitors >= MOST,
            paths,
            agents,
        }
    }

    /// Nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    fn has_no_room(&self, from: Option<IpAddr>) -> bool {
        let of_one = from.and_then(|from| self.of_one.get(&from)).copied().unwrap_or(0);
        self.pages.len() >= MOST || of_one >= MOST_OF_ONE
    }

    fn take(&mut self, id: Uuid) -> Option<Page> {
        let page = self.pages.remove(&id)?;
        if let Some(from) = page.from
            && let Some(count) = self.of_one.get_mut(&from)
        {
            *count -= 1;
            if *count == 0 {
                self.of_one.remove(&from);
            }
        }
        Some(page)
    }
}

impl Page {
    const fn is_gone(&self, uptime: i64) -> bool {
        uptime.saturating_sub(self.at) >= GONE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn beat(page: u128, path: &str, from: u8) -> Beat {
        Beat {
            page: Uuid::from_u128(page),
            agent: Uuid::from_u128(1).into(),
            path: PagePath::parse(path).unwrap(),
            from: (from > 0).then(|| IpAddr::from([192, 0, 2, from])),
        }
    }

    #[test]
    fn a_page_is_there_while_it_says_so_and_gone_after_two_missed_beats() {
        let mut crowd = Crowd::default();
        assert_eq!(crowd.note(beat(1, "/", 1), 0), Noted::News);
        assert_eq!(crowd.note(beat(1, "/", 1), BEAT_MS), Noted::Known);
        assert_eq!(
            crowd.note(beat(1, "/bikes", 1), 2 * BEAT_MS),
            Noted::News,
            "it went elsewhere"
        );
        let last = 2 * BEAT_MS;
        assert_eq!(crowd.sight(last + GONE_MS - 1, 10).visitors, 1);
        assert_eq!(crowd.sight(last + GONE_MS, 10), Sight::default());
        assert!(crowd.forget_gone(last + GONE_MS) && crowd.is_empty() && crowd.of_one.is_empty());
        assert!(!crowd.leave(Uuid::from_u128(1)));
    }

    #[test]
    fn a_flood_from_one_address_takes_no_more_than_its_share_and_all_of_them_no_more_than_there_is() {
        let mut crowd = Crowd::default();
        for page in 0..2_000 {
            let noted = crowd.note(beat(page, "/", 1), 0);
            assert_eq!(noted == Noted::Full, page >= MOST_OF_ONE as u128, "{page}");
        }
        assert_eq!(
            crowd.note(beat(5_000, "/", 2), 0),
            Noted::News,
            "others have their own share"
        );
        for page in 0..20_000 {
            crowd.note(beat(10_000 + page, "/", 0), 1);
        }
        assert_eq!((crowd.pages.len(), crowd.sight(1, 10).is_full), (MOST, true));
        assert_eq!(crowd.note(beat(5_000, "/", 2), 2), Noted::Known, "who is there stays");
        // What the flood left behind makes room by itself.
        assert_eq!(crowd.note(beat(99_999, "/", 3), GONE_MS + 1), Noted::News);
        assert_eq!(crowd.pages.len(), 2);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Beat(u128, usize, u8),
        Leave(u128),
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..8_u128, 0..3_usize, 0..3_u8).prop_map(|(page, path, from)| Step::Beat(page, path, from)),
            1 => (0..8_u128).prop_map(Step::Leave),
            2 => (1..GONE_MS).prop_map(Step::Wait),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        /// The same as a list of who spoke last when.
        #[test]
        fn whatever_happens_exactly_those_who_spoke_lately_are_seen_where_they_are(steps in steps()) {
            const PATHS: [&str; 3] = ["/", "/bikes", "/contact"];
            let (mut crowd, mut uptime) = (Crowd::default(), 0);
            let mut known: BTreeMap<u128, (usize, i64)> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Beat(page, path, from) => {
                        crowd.note(beat(page, PATHS[path], from), uptime);
                        known.insert(page, (path, uptime));
                    }
                    Step::Leave(page) => {
                        prop_assert_eq!(crowd.leave(Uuid::from_u128(page)), known.remove(&page).is_some());
                    }
                    Step::Wait(ms) => uptime += ms,
                }
                if crowd.forget_gone(uptime) {
                    known.retain(|_, (_, at)| uptime - *at < GONE_MS);
                }
                let sight = crowd.sight(uptime, 10);
                prop_assert_eq!(sight.visitors, known.len());
                prop_assert_eq!(sight.paths.iter().map(|(_, count)| count).sum::<usize>(), known.len());
                for (path, count) in &sight.paths {
                    let there = known.values().filter(|(at, _)| PATHS[*at] == path.as_str()).count();
                    prop_assert_eq!(*count, there);
                }
                prop_assert!(sight.paths.is_sorted_by_key(|(path, count)| (usize::MAX - count, path.clone())));
                prop_assert_eq!(crowd.of_one.values().sum::<usize>(), crowd.pages.values().filter(|page| page.from.is_some()).count());
            }
        }
    }
}
