//! A disk that forgets: replays what the recorder (`tests/power_loss/recorder.c`) saw, and builds what a machine would find
//! after losing power at any moment of it.
//!
//! Sure is only what was synced: a file's content up to the beginning of a sync that has ended, and names (made, removed)
//! up to the beginning of such a sync of their directory. Of everything else any part may have reached the disk, torn at
//! sectors.

use super::invariants_stories::Dice;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a disk writes or does not write as a whole, in bytes: of old disks and of new ones.
const SECTORS: [usize; 2] = [512, 4_096];

/// One thing the program did.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Created,
    Written { offset: usize, data: Vec<u8> },
    Truncated { length: usize },
    Unlinked,
    Renamed { to: PathBuf },
    SyncBegun { token: u64 },
    SyncDone { token: u64 },
}

/// What a program did, and to which file.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) event: Event,
}

/// Reads a record.
pub(crate) fn read_record(path: &Path) -> Vec<Entry> {
    let bytes = fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let mut take = |length: usize| {
            let (taken, left) = rest.split_at(length);
            rest = left;
            taken
        };
        let kind = take(1)[0];
        let path_length = usize::from(u16::from_le_bytes(take(2).try_into().unwrap()));
        let path = PathBuf::from(std::str::from_utf8(take(path_length)).unwrap());
        let number = u64::from_le_bytes(take(8).try_into().unwrap());
        let length = usize::try_from(u32::from_le_bytes(take(4).try_into().unwrap())).unwrap();
        let data = take(length).to_vec();
        let event = match kind {
            b'C' => Event::Created,
            b'W' => Event::Written {
                offset: usize::try_from(number).unwrap(),
                data,
            },
            b'T' => Event::Truncated {
                length: usize::try_from(number).unwrap(),
            },
            b'U' => Event::Unlinked,
            b'R' => Event::Renamed {
                to: PathBuf::from(String::from_utf8(data).unwrap()),
            },
            b'B' => Event::SyncBegun { token: number },
            b'S' => Event::SyncDone { token: number },
            other => panic!("an unknown kind of entry: {other}"),
        };
        entries.push(Entry { path, event });
    }
    entries
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Truncate { length: usize },
}

impl Change {
    /// Carries the change out, as far as it reached the disk: `sector(n)` tells it of the n-th sector of a write.
    fn reach(&self, content: &mut Vec<u8>, sector_size: usize, mut sector: impl FnMut() -> bool) {
        match self {
            Self::Truncate { length } => {
                if sector() {
                    content.resize(*length, 0);
                }
            }
            Self::Write { offset, data } => {
                let (mut at, end) = (*offset, offset + data.len());
                while at < end {
                    let to = end.min((at / sector_size + 1) * sector_size);
                    if sector() {
                        if content.len() < to {
                            content.resize(to, 0);
                        }
                        content[at..to].copy_from_slice(&data[at - offset..to - offset]);
                    }
                    at = to;
                }
            }
        }
    }
}

/// A file, whatever it is called.
#[derive(Debug, Clone, Default)]
struct Content {
    sure: Vec<u8>,
    unsure: Vec<Change>,
    /// Syncs under way: token, and how many changes there were when it began.
    syncing: Vec<(u64, usize)>,
}

impl Content {
    fn change(&mut self, change: Change) {
        self.unsure.push(change);
    }

    fn sync_done(&mut self, token: u64) {
        let Some(at) = self.syncing.iter().position(|(begun, _)| *begun == token) else {
            return; // It began before the file had this name.
        };
        let (_, count) = self.syncing.remove(at);
        for change in self.unsure.drain(..count) {
            change.reach(&mut self.sure, usize::MAX / 2, || true);
        }
        for (_, other) in &mut self.syncing {
            *other = other.saturating_sub(count);
        }
    }
}

type Names = HashMap<PathBuf, usize>;

/// The disk while the program runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    contents: Vec<Content>,
    /// What the program sees.
    names: Names,
    /// What is sure to be found, and the changes of names since: each with all names after it.
    sure_names: Names,
    unsure_names: Vec<Names>,
    syncing_names: Vec<(u64, usize)>,
}

/// How much of what was not synced reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Luck {
    /// Nothing.
    None,
    /// Everything, as after `kill -9`.
    All,
    /// The first changes, the last of them torn.
    First,
    /// Any sectors of any changes.
    Any,
}

pub(crate) const LUCK: [Luck; 4] = [Luck::None, Luck::All, Luck::First, Luck::Any];

impl Disk {
    /// The program did something.
    pub(crate) fn follow(&mut self, entry: &Entry) {
        let file = self.names.get(&entry.path).copied();
        match &entry.event {
            Event::Created => {
                self.contents.push(Content::default());
                self.names.insert(entry.path.clone(), self.contents.len() - 1);
                self.unsure_names.push(self.names.clone());
            }
            Event::Unlinked => {
                self.names.remove(&entry.path);
                self.unsure_names.push(self.names.clone());
            }
            Event::Renamed { to } => {
                if let Some(file) = self.names.remove(&entry.path) {
                    self.names.insert(to.clone(), file);
                }
                self.unsure_names.push(self.names.clone());
            }
            Event::Written { offset, data } => self.contents[file.unwrap()].change(Change::Write {
                offset: *offset,
                data: data.clone(),
            }),
            Event::Truncated { length } => self.contents[file.unwrap()].change(Change::Truncate { length: *length }),
            Event::SyncBegun { token } => match file {
                Some(file) => {
                    let content = &mut self.contents[file];
                    content.syncing.push((*token, content.unsure.len()));
                }
                None => self.syncing_names.push((*token, self.unsure_names.len())),
            },
            Event::SyncDone { token } => {
                if let Some(file) = file {
                    self.contents[file].sync_done(*token);
                } else if let Some(at) = self.syncing_names.iter().position(|(begun, _)| begun == token) {
                    let (_, count) = self.syncing_names.remove(at);
                    if let Some(names) = self.unsure_names.drain(..count).next_back() {
                        self.sure_names = names;
                    }
                    for (_, other) in &mut self.syncing_names {
                        *other = other.saturating_sub(count);
                    }
                }
            }
        }
    }

    /// The power is lost: what is found afterwards, in `folder`, by the files' own names.
    pub(crate) fn lose_power(&self, luck: Luck, dice: &mut Dice, folder: &Path) {
        let mut amount = |of: usize| match luck {
            Luck::None => 0,
            Luck::All => of,
            Luck::First | Luck::Any => usize::try_from(dice.roll(of as u64 + 1)).unwrap(),
        };
        let kept = amount(self.unsure_names.len());
        let names = match kept.checked_sub(1) {
            Some(last) => &self.unsure_names[last],
            None => &self.sure_names,
        };
        let sector_size = dice.pick(&SECTORS);
        for (path, file) in names {
            // Rebuilt by SQLite itself whatever it says; the acknowledgements are not the program's own.
            let name = path.file_name().unwrap();
            if name.to_string_lossy().ends_with("-shm") || name == "acks" {
                continue;
            }
            let Content { sure, unsure, .. } = &self.contents[*file];
            let mut content = sure.clone();
            let first = match luck {
                Luck::First => usize::try_from(dice.roll(unsure.len() as u64 + 1)).unwrap(),
                _ => unsure.len(),
            };
            for (nth, change) in unsure.iter().enumerate().take(first) {
                let torn = luck == Luck::Any || (luck == Luck::First && nth + 1 == first);
                change.reach(&mut content, sector_size, || match luck {
                    Luck::None => false,
                    _ => !torn || dice.roll(2) == 0,
                });
            }
            fs::write(folder.join(name), content).unwrap();
        }
    }

    /// What the program has written into a file so far, synced or not.
    pub(crate) fn seen(&self, path: &Path) -> Vec<u8> {
        let Some(file) = self.names.get(path) else {
            return Vec::new();
        };
        let Content { sure, unsure, .. } = &self.contents[*file];
        let mut content = sure.clone();
        for change in unsure {
            change.reach(&mut content, usize::MAX / 2, || true);
        }
        content
    }
}
