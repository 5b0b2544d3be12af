#!/bin/sh
# Holdfast's namespace and search attributes. Safe to repeat. The list must agree with contracts/search-attributes.ts;
# a test compares them. Address, TLS and API key come from TEMPORAL_*, as the CLI reads them.
set -eu

namespace="${TEMPORAL_NAMESPACE:-holdfast}"
keywords='HoldfastTenant HoldfastStatus HoldfastResource HoldfastCustomer'

attempts=60
until temporal operator cluster health >/dev/null 2>&1; do
  attempts=$((attempts - 1))
  if [ "$attempts" -eq 0 ]; then
    temporal operator cluster health
    exit 1
  fi
  sleep 2
done

if ! temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$namespace" --retention 30d --description Holdfast
fi

# A namespace that was just made is known to the whole server after one refresh of its cache.
attempts=30
until present="$(temporal operator search-attribute list --namespace "$namespace")"; do
  attempts=$((attempts - 1))
  [ "$attempts" -gt 0 ] || exit 1
  sleep 1
done
for name in $keywords; do
  case "$present" in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$namespace" --name "$name" --type Keyword ;;
  esac
done
echo "Namespace $namespace is ready."
