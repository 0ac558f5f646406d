// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_inventory.h"

#include <algorithm>
#include <map>
#include <utility>

#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

using bindings::Bindings;
using vault::EntryKind;
using vault::SourceSpec;

constexpr std::int64_t kMsPerSecond = 1000;

// Which of them sign; a name that is needed both ways is refused for what is sent anyway.
std::map<std::string, EntryKind> kinds_of(const Bindings& bindings) {
  std::map<std::string, EntryKind> kinds;
  for (const bindings::SecretRule& rule : bindings.rules) {
    for (const bindings::SecretPlace& place : rule.places) {
      const auto& needs = place.injection->needs();
      for (std::size_t i = 0; i < needs.size(); ++i) {
        const bool is_key = place.injection->needs_private_key(i);
        kinds.try_emplace(needs[i].text(), is_key ? EntryKind::private_key : EntryKind::text);
      }
    }
  }
  return kinds;
}

bool is_opener(const SourceSpec& spec, std::string_view setting) {
  const vault::BackendKind* const kind = vault::find_backend_kind(spec.kind);
  if (kind == nullptr) {
    return false;
  }
  const auto opens = [setting](const vault::SettingRule& rule) {
    return rule.is_entry && rule.name == setting;
  };
  return std::ranges::any_of(kind->settings, opens) ||
         std::ranges::any_of(kind->foreign_settings, opens);
}

std::vector<Opener> openers_of(const SourceSpec& spec) {
  std::vector<Opener> openers;
  for (const vault::SourceSetting& setting : spec.settings) {
    if (is_opener(spec, setting.name)) {
      openers.push_back({setting.name, setting.value});
    }
  }
  for (const vault::SecretName& name : spec.own) {
    if (std::ranges::find(openers, name.text(), &Opener::place) == openers.end()) {
      openers.push_back({"", name.text()});
    }
  }
  return openers;
}

NamedSource local_of(const Bindings& bindings, const std::map<std::string, EntryKind>& kinds) {
  NamedSource local;
  local.id = vault::kLocalKind;
  local.kind = vault::kLocalKind;
  for (const bindings::SecretRule& rule : bindings.rules) {
    for (const vault::SecretName& name : rule.needs()) {
      if (bindings.sources == nullptr || bindings.sources->find(name) == nullptr) {
        const std::string& text = name.text();
        local.secrets.push_back({text, text, "", kinds.at(text)});
      }
    }
  }
  return local;
}

void put_in_order(std::vector<SourcedSecret>& secrets) {
  std::ranges::sort(secrets, {}, &SourcedSecret::name);
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
}

void add(std::string& text, std::string_view piece) {
  text.append(text.empty() ? "" : ", ").append(piece);
}

}  // namespace

std::vector<NamedSource> sources_of(const Bindings& bindings) {
  const auto kinds = kinds_of(bindings);
  std::vector<NamedSource> sources = {local_of(bindings, kinds)};
  if (bindings.sources != nullptr) {
    for (const SourceSpec& spec : bindings.sources->specs()) {
      sources.push_back({.id = spec.id,
                         .kind = spec.kind,
                         .spec = &spec,
                         .secrets = {},
                         .openers = openers_of(spec)});
    }
    for (const auto& [name, route] : bindings.sources->routes()) {
      const bool is_minted = bindings.sources->specs()[route.source].is_minted;
      const auto kind = kinds.find(name.text());
      sources[route.source + 1].secrets.push_back(
          {is_minted ? route.key : name.text(),
           route.key,
           route.field,
           kind == kinds.end() ? EntryKind::text : kind->second});
    }
  }
  for (NamedSource& source : sources) {
    put_in_order(source.secrets);
  }
  return sources;
}

std::string where_of(const NamedSource& source) {
  std::string text;
  if (source.spec == nullptr) {
    return "the vault of this machine";
  }
  for (const std::string& word : source.spec->argv) {
    text.append(text.empty() ? "" : " ").append(word);
  }
  for (const vault::SourceSetting& setting : source.spec->settings) {
    if (!is_opener(*source.spec, setting.name)) {
      std::string value = setting.value;
      std::ranges::replace(value, '\n', ' ');
      add(text, setting.name + " " + value);
    }
  }
  return text;
}

std::string cache_of(const vault::CacheRule& rule) {
  std::string text = std::to_string(rule.ttl_ms / kMsPerSecond) + " s, " +
                     std::to_string(rule.jitter_ms / kMsPerSecond) + " s more or less; at most " +
                     std::to_string(rule.entries_max) + " values";
  if (rule.stale_ms > 0) {
    text +=
        "; " + std::to_string(rule.stale_ms / kMsPerSecond) + " s past its end while it is down";
  }
  return text;
}

}  // namespace keyswap::cli
