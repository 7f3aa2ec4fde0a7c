//! Reading a sitemap (sitemaps.org): a list of pages, or of sitemaps.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Longest address.
const LONGEST: usize = 2_048;
/// Most entries of one sitemap; the format allows fifty thousand.
const MOST: usize = 50_000;

/// What a sitemap names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Page(String),
    Sitemap(String),
}

/// Its entries, in order; as far as it can be read. Entities other than the five of XML are not followed.
pub(super) fn listed(bytes: &[u8]) -> Result<Vec<Listed>, String> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("it is compressed; name the address of one that is not (often the same without .gz)".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    let mut entries = Vec::new();
    let (mut in_index, mut is_sitemap, mut address) = (false, false, None::<String>);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "sitemapindex" => (in_index, is_sitemap) = (true, true),
                "urlset" => is_sitemap = true,
                "loc" if address.is_none() => address = Some(String::new()),
                _ => {}
            },
            Ok(Event::Text(text)) => {
                if let Some(address) = &mut address {
                    address.push_str(&text);
                }
            }
            Ok(Event::CData(text)) => {
                if let Some(address) = &mut address {
                    address.push_str(&text);
                }
            }
            Ok(Event::GeneralRef(name)) => {
                if let Some(address) = &mut address {
                    address.push_str(match name.as_ref() {
                        "amp" | "#38" | "#x26" => "&",
                        "apos" | "#39" => "'",
                        "quot" | "#34" => "\"",
                        _ => "",
                    });
                }
            }
            Ok(Event::End(tag)) if tag.local_name().as_ref() == "loc" => {
                let address = address.take().unwrap_or_default().trim().to_owned();
                // Images and videos have addresses of their own, by other names; theirs end in `loc`, too, but stand in their own namespace.
                let is_entry = tag.name().as_ref() == "loc" && !address.is_empty() && address.len() <= LONGEST;
                if is_entry && entries.len() < MOST {
                    entries.push(if in_index {
                        Listed::Sitemap(address)
                    } else {
                        Listed::Page(address)
                    });
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) if entries.is_empty() => {
                return Err(format!(
                    "it is no XML ({error}); name the address of the sitemap, which often ends in /sitemap.xml"
                ));
            }
            Err(_) => break,
        }
    }
    if is_sitemap {
        Ok(entries)
    } else {
        Err("it is no sitemap: it has neither `urlset` nor `sitemapindex`; name the address of the sitemap, which often ends in /sitemap.xml".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pages_and_sitemaps_are_told_apart() {
        let pages = "<?xml version='1.0'?><urlset xmlns='x' xmlns:image='y'><url><loc> https://a.example/?a=1&amp;b=2 </loc>\
            <image:image><image:loc>https://a.example/i.png</image:loc></image:image></url><url><loc><![CDATA[https://a.example/c]]></loc></url></urlset>";
        assert_eq!(
            listed(pages.as_bytes()),
            Ok(vec![
                Listed::Page("https://a.example/?a=1&b=2".to_owned()),
                Listed::Page("https://a.example/c".to_owned())
            ])
        );
        let index = b"<sitemapindex><sitemap><loc>/more.xml</loc></sitemap></sitemapindex>";
        assert_eq!(listed(index), Ok(vec![Listed::Sitemap("/more.xml".to_owned())]));
        assert!(listed(b"<html><body>Not found</body></html>").is_err());
        assert!(listed(b"\x1f\x8b\x08").is_err());
        let bomb =
            "<!DOCTYPE x [<!ENTITY a 'https://'><!ENTITY b '&a;&a;&a;'>]><urlset><url><loc>&b;</loc></url></urlset>";
        assert_eq!(listed(bomb.as_bytes()), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(text in "(</?(urlset|sitemapindex|url|loc)>|&[a-z]{1,3};|<!\\[CDATA\\[|\\PC){0,30}") {
            let _ = listed(text.as_bytes());
        }
    }
}
