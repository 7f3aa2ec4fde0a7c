//! A page of HTML as a tree, read as browsers read it: whatever is missing or nested wrongly is mended.
//!
//! Nodes lie in one list and are walked without recursion, so that no depth of nesting can exhaust the stack.

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, ParseOpts, QualName, local_name, ns, parse_document};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Elements and texts of one page. A long manual has some ten thousand.
const MOST_NODES: usize = 400_000;
/// How deep elements may be nested. The time it takes to read a page grows with this.
const MOST_DEPTH: usize = 400;
/// Attributes of one tag. Pages have a dozen.
const MOST_ATTRIBUTES: usize = 2_000;
/// Bytes given to the parser at once; between two pieces it is looked whether there is too much already.
const PIECE: usize = 2_048;

/// The page is too large or too deep to be read in reasonable time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless;

/// What a node is.
#[derive(Debug)]
pub(super) enum Data {
    /// The document itself, and what is of no interest.
    Other,
    Text(String),
    Element(Element),
}

/// An element with its attributes.
#[derive(Debug)]
pub(super) struct Element {
    name: Rc<QualName>,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// Its name, in small letters.
    pub(super) fn name(&self) -> &str {
        &self.name.local
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
struct Node {
    data: Data,
    parent: Option<usize>,
    children: Vec<usize>,
    depth: usize,
}

/// A page.
#[derive(Debug)]
pub(super) struct Dom {
    nodes: Vec<Node>,
}

/// A step of a walk through a page, in the order of its text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Open(&'a Element),
    Text(&'a str),
    Close(&'a Element),
}

impl Dom {
    /// Reads a page.
    pub(super) fn parse(html: &str) -> Result<Self, Endless> {
        if has_endless_tag(html) {
            return Err(Endless);
        }
        let mut parser = parse_document(Sink::default(), ParseOpts::default());
        let mut rest = html;
        while !rest.is_empty() {
            let mut end = rest.len().min(PIECE);
            while !rest.is_char_boundary(end) {
                end += 1;
            }
            let (piece, after) = rest.split_at(end);
            parser.process(StrTendril::from_slice(piece));
            if parser.tokenizer.sink.sink.is_too_much() {
                return Err(Endless);
            }
            rest = after;
        }
        let dom = parser.finish();
        if dom.nodes.len() > MOST_NODES {
            return Err(Endless);
        }
        Ok(dom)
    }

    /// Calls `step` for everything in order. Where it says no to an element that opens, what is inside is left out.
    pub(super) fn walk<'a>(&'a self, mut step: impl FnMut(Step<'a>) -> bool) {
        let mut open: Vec<(usize, usize)> = vec![(0, 0)];
        while let Some((at, nth)) = open.pop() {
            let Some(node) = self.nodes.get(at) else { continue };
            let Some(child) = node.children.get(nth).copied() else {
                if let Data::Element(element) = &node.data {
                    step(Step::Close(element));
                }
                continue;
            };
            open.push((at, nth + 1));
            match self.nodes.get(child).map(|child| &child.data) {
                Some(Data::Text(text)) => {
                    step(Step::Text(text));
                }
                Some(Data::Element(element)) if step(Step::Open(element)) => open.push((child, 0)),
                _ => {}
            }
        }
    }
}

/// Whether a tag has more attributes than any page has. The parser compares each with all others of its tag, and tells of none before the tag ends.
fn has_endless_tag(html: &str) -> bool {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let Some(after) = after_tag(rest) else { return true };
            let name_end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let name = rest.get(..name_end).unwrap_or_default();
            // What they hold is no tags: only their own end ends them.
            let raw = ["script", "style"]
                .into_iter()
                .find(|raw| name.eq_ignore_ascii_case(raw));
            rest = match raw {
                Some("script") => after.split_once("</script").map_or(after, |(_, after)| after),
                Some(_) => after.split_once("</style").map_or(after, |(_, after)| after),
                None => after,
            };
        }
    }
    false
}

/// Where a tokenizer is within a tag, as the standard has it (HTML, 13.2.5.32 to 13.2.5.39).
enum InTag {
    Tag,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Quoted(u8),
}

/// What follows the tag that `text` begins with, behind its `<`; none if it has too many attributes.
fn after_tag(text: &str) -> Option<&str> {
    let (mut attributes, mut state) = (0, InTag::Tag);
    for (at, byte) in text.bytes().enumerate() {
        let is_space = byte.is_ascii_whitespace();
        state = match (state, byte) {
            (InTag::Quoted(quote), _) if byte == quote => InTag::BeforeName,
            (InTag::Quoted(quote), _) => InTag::Quoted(quote),
            (_, b'>') => return text.get(at + 1..),
            (InTag::BeforeValue, b'"' | b'\'') => InTag::Quoted(byte),
            (InTag::Name | InTag::AfterName, b'=') => InTag::BeforeValue,
            (InTag::Name | InTag::AfterName, _) if is_space => InTag::AfterName,
            (InTag::BeforeValue, _) if is_space => InTag::BeforeValue,
            (InTag::BeforeValue, _) => InTag::Unquoted,
            (InTag::Unquoted, _) if !is_space => InTag::Unquoted,
            (InTag::Unquoted, _) | (_, b'/') => InTag::BeforeName,
            (InTag::Tag | InTag::BeforeName, _) if is_space => InTag::BeforeName,
            (InTag::Tag, _) => InTag::Tag,
            (InTag::Name, _) => InTag::Name,
            (InTag::BeforeName | InTag::AfterName, _) => {
                attributes += 1;
                if attributes > MOST_ATTRIBUTES {
                    return None;
                }
                InTag::Name
            }
        };
    }
    Some("")
}

/// A node as the parser holds it.
#[derive(Debug, Clone)]
struct Handle {
    at: usize,
    name: Rc<QualName>,
}

/// Builds the tree.
#[derive(Debug)]
struct Sink {
    nodes: RefCell<Vec<Node>>,
    nameless: Rc<QualName>,
    deepest: Cell<usize>,
}

impl Default for Sink {
    fn default() -> Self {
        let document = Node {
            data: Data::Other,
            parent: None,
            children: Vec::new(),
            depth: 0,
        };
        Self {
            nodes: RefCell::new(vec![document]),
            nameless: Rc::new(QualName::new(None, ns!(html), local_name!(""))),
            deepest: Cell::new(0),
        }
    }
}

impl Sink {
    fn is_too_much(&self) -> bool {
        self.deepest.get() > MOST_DEPTH || self.nodes.borrow().len() > MOST_NODES
    }

    fn add(&self, data: Data) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node {
            data,
            parent: None,
            children: Vec::new(),
            depth: 0,
        });
        nodes.len() - 1
    }

    fn other(&self) -> Handle {
        Handle {
            at: self.add(Data::Other),
            name: self.nameless.clone(),
        }
    }

    /// The parent of a node and its place there.
    fn place(&self, at: usize) -> Option<(usize, usize)> {
        let nodes = self.nodes.borrow();
        let parent = nodes.get(at)?.parent?;
        let place = nodes.get(parent)?.children.iter().rposition(|child| *child == at)?;
        Some((parent, place))
    }

    fn detach(&self, at: usize) {
        if let Some((parent, place)) = self.place(at) {
            let mut nodes = self.nodes.borrow_mut();
            if let Some(parent) = nodes.get_mut(parent) {
                parent.children.remove(place);
            }
            if let Some(node) = nodes.get_mut(at) {
                node.parent = None;
            }
        }
    }

    /// Puts a child into a parent, at a place or at the end.
    fn insert(&self, parent: usize, place: Option<usize>, child: NodeOrText<Handle>) {
        let at = match child {
            NodeOrText::AppendNode(handle) => {
                self.detach(handle.at);
                handle.at
            }
            NodeOrText::AppendText(text) => {
                if self.lengthened(parent, place, &text) {
                    return;
                }
                self.add(Data::Text(text.to_string()))
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        let depth = nodes.get(parent).map_or(0, |parent| parent.depth) + 1;
        self.deepest.set(self.deepest.get().max(depth));
        if let Some(node) = nodes.get_mut(at) {
            node.parent = Some(parent);
            node.depth = depth;
        }
        if let Some(parent) = nodes.get_mut(parent) {
            let place = place.unwrap_or(usize::MAX).min(parent.children.len());
            parent.children.insert(place, at);
        }
    }

    /// Text behind a text becomes part of it.
    fn lengthened(&self, parent: usize, place: Option<usize>, text: &str) -> bool {
        let mut nodes = self.nodes.borrow_mut();
        let before = nodes.get(parent).and_then(|parent| {
            let place = place.unwrap_or(parent.children.len());
            parent.children.get(place.checked_sub(1)?).copied()
        });
        match before.and_then(|before| nodes.get_mut(before)) {
            Some(Node {
                data: Data::Text(known),
                ..
            }) => {
                known.push_str(text);
                true
            }
            _ => false,
        }
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Dom;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Dom {
        Dom {
            nodes: self.nodes.into_inner(),
        }
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle {
            at: 0,
            name: self.nameless.clone(),
        }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> Handle {
        let name = Rc::new(name);
        let attributes = attributes.into_iter();
        let attributes = attributes.map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()));
        let element = Element {
            name: name.clone(),
            attributes: attributes.collect(),
        };
        Handle {
            at: self.add(Data::Element(element)),
            name,
        }
    }

    fn create_comment(&self, _text: StrTendril) -> Handle {
        self.other()
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> Handle {
        self.other()
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.at, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, before: &Handle, child: NodeOrText<Handle>) {
        if self.place(element.at).is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(before, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    /// What is in a template is shown to nobody.
    fn get_template_contents(&self, _target: &Handle) -> Handle {
        self.other()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.at == other.at
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        if let NodeOrText::AppendNode(child) = &child {
            self.detach(child.at);
        }
        if let Some((parent, place)) = self.place(sibling.at) {
            self.insert(parent, Some(place), child);
        }
    }

    /// Only `html` and `body` get attributes late, and nobody asks for those.
    fn add_attrs_if_missing(&self, _target: &Handle, _attributes: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &Handle) {
        self.detach(target.at);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut nodes = self.nodes.borrow_mut();
        let children = nodes.get_mut(node.at).map(|node| std::mem::take(&mut node.children));
        let children = children.unwrap_or_default();
        let depth = nodes.get(new_parent.at).map_or(0, |parent| parent.depth) + 1;
        for child in &children {
            if let Some(child) = nodes.get_mut(*child) {
                child.parent = Some(new_parent.at);
                child.depth = depth;
            }
        }
        if let Some(parent) = nodes.get_mut(new_parent.at) {
            parent.children.extend(children);
        }
    }
}
