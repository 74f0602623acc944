# Which build a script takes. To be sourced by scripts and by suites of tests.

# find_build FOLDER: sets `build` to the folder's absolute path. Where the folder holds no program, the script ends with
# one line that says so, before it has done anything.
find_build() {
    if [ ! -x "$1/cofiber" ]; then
        echo "$(basename "$0"): there is no $1/cofiber: build it with 'make tests', or name another folder" >&2
        exit 2
    fi
    build=$(cd "$1" && pwd)
}
