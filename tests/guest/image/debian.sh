# shellcheck shell=bash
# For the scripts that build the guest: Debian trees made by mmdebstrap, from the mirrors that this machine's apt uses.

release=bookworm
PATH=$PATH:/usr/sbin:/sbin

# mirror LABEL: the address of the first Debian archive with this label that apt knows.
mirror() {
  # shellcheck disable=SC2016  # apt fills in $(REPO_URI)
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" "Codename: $2" |
    sort -u | head -n 1
}

# sources: lines for sources.list. OpenZFS is in contrib, which few machines have configured.
sources() {
  local main security signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  main=$(mirror Debian "$release")
  security=$(mirror Debian-Security "$release-security")
  [ -n "$main" ] || { echo "apt knows no mirror of Debian $release" >&2; return 1; }
  echo "deb $signed $main $release main contrib"
  [ -z "$security" ] || echo "deb $signed $security $release-security main contrib"
}

# debian_tree DIR PACKAGES [OPTION...]: a minimal Debian in DIR with the comma-separated PACKAGES.
debian_tree() {
  local dir=$1 packages=$2 lines options=() line
  shift 2
  lines=$(sources)
  # What this machine's apt needs to reach its mirror (a proxy, say), the tree's apt needs too.
  while IFS= read -r line; do options+=("--aptopt=$line"); done < <(
    apt-config dump | grep -E '^Acquire::(Check-|https?::).* ".+";$' || true)
  # An empty mirror argument would make mmdebstrap ignore standard input: it must be "-".
  mmdebstrap --mode=root --variant=minbase --skip=check/qemu --quiet \
    --aptopt='APT::Install-Recommends "false"' "${options[@]}" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --include="$packages" "$@" "$release" "$dir" - <<<"$lines" >&2
}
