#!/bin/sh
# Puts Sponsight into this user's menu and makes it one of the programs that open videos.
# Run it again after moving the folder; with --remove it takes everything away again.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
share=${XDG_DATA_HOME:-$HOME/.local/share}
bin=$HOME/.local/bin

files=$(cd "$here/share" && find icons metainfo -type f)
if [ "${1:-}" = "--remove" ]; then
    for file in $files applications/sponsight.desktop; do
        rm -f "$share/$file"
    done
    rm -f "$bin/sponsight"
    echo "Sponsight is out of the menu; its folder and your libraries are as they were."
else
    mkdir -p "$bin" "$share/applications"
    for file in $files; do
        mkdir -p "$share/$(dirname "$file")"
        cp "$here/share/$file" "$share/$file"
    done
    ln -sf "$here/sponsight" "$bin/sponsight"
    # The menu may not have ~/.local/bin on its path: name the program in full, quoted as the standard asks.
    quoted=$(printf '%s' "$here/sponsight" | sed 's/[\\"`$]/\\\\&/g; s/[&|]/\\&/g')
    sed -e "s|^Exec=sponsight|Exec=\"$quoted\"|" -e "/^TryExec=/d" \
        "$here/share/applications/sponsight.desktop" > "$share/applications/sponsight.desktop"
    echo "Sponsight is in the menu, and the command is $bin/sponsight."
fi
if command -v update-desktop-database >/dev/null 2>&1; then
    update-desktop-database -q "$share/applications" || true
fi
