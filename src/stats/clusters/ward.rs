//! Ward's hierarchy: from single vectors up, whatever adds least to the sum of squares is joined first.

use super::group::sum;
use crate::stats::number::count;
use crate::stats::vector::dot;

/// Two groups that become one: a member of each, and what it adds to the sum of squares.
#[derive(Debug, Clone, Copy)]
struct Join {
    one: usize,
    other: usize,
    cost: f64,
}

/// The order in which everything is joined.
#[derive(Debug, Clone)]
pub(super) struct Hierarchy {
    points: usize,
    joins: Vec<Join>,
}

struct Node {
    mean: Vec<f32>,
    square: f64,
    size: f64,
}

impl Hierarchy {
    /// By chains of nearest neighbours: time grows with the square of the number of vectors, memory with the number.
    pub(super) fn of(vectors: &[&[f32]]) -> Self {
        let mut nodes: Vec<Option<Node>> = { vectors.iter() }
            .map(|vector| {
                Some(Node {
                    mean: vector.to_vec(),
                    square: f64::from(dot(vector, vector)),
                    size: 1.0,
                })
            })
            .collect();
        let mut left: Vec<usize> = (0..vectors.len()).collect();
        let mut joins = Vec::with_capacity(vectors.len().saturating_sub(1));
        let mut chain: Vec<usize> = Vec::new();
        while left.len() > 1 {
            let Some(top) = chain.last().copied().or_else(|| left.first().copied()) else {
                break;
            };
            if chain.is_empty() {
                chain.push(top);
            }
            let before = chain.len().checked_sub(2).and_then(|at| chain.get(at).copied());
            let Some((nearest, cost)) = nearest(&nodes, &left, top, before) else {
                break;
            };
            if Some(nearest) == before {
                chain.truncate(chain.len() - 2);
                joins.push(Join {
                    one: nearest,
                    other: top,
                    cost,
                });
                join(&mut nodes, nearest, top);
                left.retain(|at| *at != top);
            } else {
                chain.push(nearest);
            }
        }
        joins.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        Self {
            points: vectors.len(),
            joins,
        }
    }

    /// So many groups: a group for each vector, numbered from 0 in the order of their first members.
    pub(super) fn cut(&self, groups: usize) -> Vec<usize> {
        let mut heads: Vec<usize> = (0..self.points).collect();
        let joined = self.points.saturating_sub(groups.max(1));
        for join in self.joins.iter().take(joined) {
            let (one, other) = (head(&mut heads, join.one), head(&mut heads, join.other));
            if let Some(above) = heads.get_mut(one.max(other)) {
                *above = one.min(other);
            }
        }
        let mut numbers = vec![None; self.points];
        let mut next = 0;
        let mut cut = Vec::with_capacity(self.points);
        for at in 0..self.points {
            let head = head(&mut heads, at);
            let number = match numbers.get_mut(head) {
                Some(Some(number)) => *number,
                Some(none) => {
                    *none = Some(next);
                    next += 1;
                    next - 1
                }
                None => 0,
            };
            cut.push(number);
        }
        cut
    }

    /// From the whole down, the largest groups for which `is_one` says that they belong together.
    pub(super) fn descend(&self, is_one: &dyn Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
        // Each join as a node over what it joins; points come first.
        let mut members: Vec<Vec<usize>> = (0..self.points).map(|at| vec![at]).collect();
        let mut below: Vec<Option<(usize, usize)>> = vec![None; self.points];
        let mut node_of: Vec<usize> = (0..self.points).collect();
        let mut heads: Vec<usize> = (0..self.points).collect();
        for join in &self.joins {
            let (one, other) = (head(&mut heads, join.one), head(&mut heads, join.other));
            let (left, right) = (node_of.get(one).copied(), node_of.get(other).copied());
            let (Some(left), Some(right)) = (left, right) else {
                continue;
            };
            let all: Vec<usize> = { [left, right].into_iter() }
                .filter_map(|at| members.get(at))
                .flatten()
                .copied()
                .collect();
            members.push(all);
            below.push(Some((left, right)));
            let (low, high) = (one.min(other), one.max(other));
            if let Some(above) = heads.get_mut(high) {
                *above = low;
            }
            if let Some(node) = node_of.get_mut(low) {
                *node = members.len() - 1;
            }
        }
        let mut open: Vec<usize> = members.len().checked_sub(1).into_iter().collect();
        let mut found = Vec::new();
        while let Some(at) = open.pop() {
            let Some(group) = members.get(at) else { continue };
            if is_one(group) {
                found.push(group.clone());
            } else if let Some(Some((left, right))) = below.get(at) {
                open.extend([*left, *right]);
            }
        }
        for group in &mut found {
            group.sort_unstable();
        }
        found.sort_by_key(|group| (std::cmp::Reverse(group.len()), group.first().copied()));
        found
    }
}

fn head(heads: &mut [usize], at: usize) -> usize {
    let mut top = at;
    while let Some(above) = heads.get(top).copied().filter(|above| *above != top) {
        top = above;
    }
    let mut next = at;
    while let Some(above) = heads.get_mut(next).filter(|above| **above != top) {
        next = std::mem::replace(above, top);
    }
    top
}

/// The node that joins with `top` for least; of equals the one before it in the chain, so that a chain ends.
fn nearest(nodes: &[Option<Node>], left: &[usize], top: usize, before: Option<usize>) -> Option<(usize, f64)> {
    let own = nodes.get(top)?.as_ref()?;
    let cost = |at: usize| {
        let node = nodes.get(at)?.as_ref()?;
        let product = f64::from(dot(&own.mean, &node.mean));
        let distance = (own.square + node.square - 2.0 * product).max(0.0);
        Some(distance * own.size * node.size / (own.size + node.size))
    };
    let mut best = before.and_then(|at| Some((at, cost(at)?)));
    for at in left.iter().copied().filter(|at| *at != top) {
        let Some(cost) = cost(at) else { continue };
        if best.is_none_or(|(_, least)| cost < least) {
            best = Some((at, cost));
        }
    }
    best
}

fn join(nodes: &mut [Option<Node>], into: usize, from: usize) {
    let Some(gone) = nodes.get_mut(from).and_then(Option::take) else {
        return;
    };
    if let Some(Some(node)) = nodes.get_mut(into) {
        let all = node.size + gone.size;
        let (own, other) = (super::narrowed(node.size / all), super::narrowed(gone.size / all));
        for (mean, value) in node.mean.iter_mut().zip(&gone.mean) {
            *mean = *mean * own + value * other;
        }
        node.square = f64::from(dot(&node.mean, &node.mean));
        node.size = all;
    }
}

/// How alike the members of a group are: the mean cosine of its pairs; 1 of one member.
pub(super) fn cohesion(vectors: &[&[f32]], members: &[usize]) -> f64 {
    let n = count(members.len());
    if members.len() < 2 {
        return 1.0;
    }
    let sum = sum(members.iter().filter_map(|at| vectors.get(*at).copied()));
    (f64::from(dot(&sum, &sum)) - n) / (n * (n - 1.0))
}
