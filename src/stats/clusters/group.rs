//! Grouping a batch of questions as a whole.

use super::ward::{Hierarchy, cohesion};
use super::{length, relative};
use crate::stats::number::count;
use crate::stats::vector::dot;

/// Of the numbers of groups that are nearly as good as the best, the largest is taken: nearly means this part of its margin. Compared on banking77, CLINC150 and bitext, as docs/analyse.md says.
const NEARLY: f64 = 0.9;
/// Numbers of groups that are tried grow by this factor.
const FINER: f64 = 1.12;
/// Times that each question may go to a nearer group.
const ROUNDS: usize = 5;

/// The sum of vectors; empty of none.
pub(super) fn sum<'a>(vectors: impl IntoIterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut vectors = vectors.into_iter();
    let mut sum = vectors.next().unwrap_or_default().to_vec();
    for vector in vectors {
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += value;
        }
    }
    sum
}

/// Groups of vectors of unit length, at most so many, by their positions. What resembles nothing else is in no group.
///
/// Ward's hierarchy, cut where questions stand out best from the next nearest group, and then each question goes to the group that it is nearest to.
pub(super) fn groups(vectors: &[&[f32]], most: usize) -> Vec<Vec<usize>> {
    if vectors.len() < 4 || most == 0 {
        return Vec::new();
    }
    let hierarchy = Hierarchy::of(vectors);
    let most = most.min(vectors.len() / 2).max(1);
    let mut tried: Vec<(f64, Vec<usize>)> = Vec::new();
    let mut wanted = 2.0_f64;
    loop {
        let groups = rounded(wanted).min(most);
        let cut = hierarchy.cut(groups);
        tried.push((margin(vectors, &cut, groups), cut));
        if groups >= most {
            break;
        }
        wanted = (wanted * FINER).max(wanted + 1.0);
    }
    let best = tried.iter().map(|(margin, _)| *margin).fold(0.0, f64::max);
    let chosen = tried.into_iter().rev().find(|(margin, _)| *margin >= NEARLY * best);
    let Some((_, mut cut)) = chosen.filter(|_| best > 0.0) else {
        return Vec::new();
    };
    for _ in 0..ROUNDS {
        if !nearer(vectors, &mut cut) {
            break;
        }
    }
    members(&cut).into_iter().filter(|group| group.len() > 1).collect()
}

/// Groups of at least `enough` that are alike at least so much, the largest first; on the scale of the workspace.
pub(super) fn alike(vectors: &[&[f32]], base: f64, least: f64, enough: usize) -> Vec<Vec<usize>> {
    if vectors.len() < enough {
        return Vec::new();
    }
    let is_one = |group: &[usize]| group.len() < enough || relative(cohesion(vectors, group), base) >= least;
    let found = Hierarchy::of(vectors).descend(&is_one);
    found.into_iter().filter(|group| group.len() >= enough).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small positive number"
)]
fn rounded(value: f64) -> usize {
    value.round() as usize
}

fn members(cut: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); cut.iter().max().map_or(0, |last| last + 1)];
    for (at, group) in cut.iter().enumerate() {
        if let Some(group) = groups.get_mut(*group) {
            group.push(at);
        }
    }
    groups
}

fn sums(vectors: &[&[f32]], cut: &[usize]) -> Vec<(Vec<f32>, f64)> {
    let of_group = |group: &Vec<usize>| {
        let sum = sum(group.iter().filter_map(|at| vectors.get(*at).copied()));
        (sum, count(group.len()))
    };
    members(cut).iter().map(of_group).collect()
}

/// How much more questions are like the others of their group than like the next nearest group, on average. A question alone in its group has none.
fn margin(vectors: &[&[f32]], cut: &[usize], groups: usize) -> f64 {
    let sums = sums(vectors, cut);
    if groups < 2 || sums.is_empty() {
        return 0.0;
    }
    let mut total = 0.0;
    for (vector, own) in vectors.iter().zip(cut) {
        let (mut others, mut next) = (0.0, f64::NEG_INFINITY);
        for (at, (sum, size)) in sums.iter().enumerate().filter(|(_, (sum, _))| !sum.is_empty()) {
            let product = f64::from(dot(sum, vector));
            if at == *own {
                others = if *size > 1.0 {
                    (product - 1.0) / (size - 1.0)
                } else {
                    f64::NAN
                };
            } else {
                next = next.max(product / size);
            }
        }
        if others.is_finite() && next.is_finite() {
            total += others - next;
        }
    }
    total / count(vectors.len())
}

/// Each question goes to the group whose mean it is nearest to, by the angle. Returns whether any went.
fn nearer(vectors: &[&[f32]], cut: &mut [usize]) -> bool {
    let sums: Vec<(Vec<f32>, f64)> = { sums(vectors, cut).into_iter() }
        .map(|(sum, _)| {
            let length = length(&sum);
            (sum, length)
        })
        .collect();
    let mut any = false;
    for (vector, group) in vectors.iter().zip(cut) {
        let cosines = sums.iter().enumerate().filter(|(_, (sum, _))| !sum.is_empty());
        let nearest = cosines
            .map(|(at, (sum, length))| (f64::from(dot(sum, vector)) / length, at))
            .fold(
                (f64::NEG_INFINITY, *group),
                |best, next| if next.0 > best.0 { next } else { best },
            );
        any |= nearest.1 != *group;
        *group = nearest.1;
    }
    any
}
