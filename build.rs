//! Makes sure that what gets embedded in the binary is there: `rust-embed` embeds a missing file as nothing, silently.

use std::fs;
use std::path::Path;

/// Installed files that the console, and the reports' font, cannot do without.
const BROWSER_LIBRARIES: [&str; 4] = [
    "assets/node_modules/htmx.org/dist/htmx.min.js",
    "assets/node_modules/htmx.org/dist/ext/hx-sse.min.js",
    "assets/node_modules/@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf",
    "assets/node_modules/@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    watch_assets();
    for library in BROWSER_LIBRARIES {
        println!("cargo::rerun-if-changed={library}");
        if !Path::new(library).is_file() {
            println!(
                "cargo::error=The browser library {library} is missing. Run ./install.sh assets, which installs it, and build again."
            );
        }
    }
}

/// Watches every entry of `assets/` but `node_modules/`: those are thousands of files, and the ones that matter are
/// watched by name.
fn watch_assets() {
    let Ok(entries) = fs::read_dir("assets") else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name() != "node_modules" {
            println!("cargo::rerun-if-changed={}", entry.path().display());
        }
    }
}
