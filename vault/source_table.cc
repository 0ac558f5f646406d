// SPDX-License-Identifier: Apache-2.0
#include "vault/source_table.h"

#include <algorithm>

#include "proxy/base/assert.h"

namespace keyswap::vault {

namespace {

// Texts one behind the other, each with its length, so that no two lists make the same text.
class Words {
 public:
  void add(std::string_view word) {
    text_.append(std::to_string(word.size())).append(1, ':').append(word);
  }

  void add(std::int64_t number) { add(std::to_string(number)); }

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

const std::string* SourceSpec::setting(std::string_view name) const {
  const auto found = std::ranges::find(settings, name, &SourceSetting::name);
  return found == settings.end() ? nullptr : &found->value;
}

std::string SourceSpec::digest() const {
  Words words;
  words.add(id);
  words.add(kind);
  words.add(static_cast<std::int64_t>(settings.size()));
  for (const SourceSetting& one : settings) {
    words.add(one.name);
    words.add(one.value);
  }
  words.add(static_cast<std::int64_t>(argv.size()));
  for (const std::string& argument : argv) {
    words.add(argument);
  }
  words.add(static_cast<std::int64_t>(own.size()));
  for (const SecretName& entry : own) {
    words.add(entry.text());
  }
  words.add(static_cast<std::int64_t>(allowed.size()));
  for (const AllowedRange& range : allowed) {
    words.add(range.address);
    words.add(static_cast<std::int64_t>(range.prefix_bits));
  }
  for (const std::int64_t number : {cache.ttl_ms,
                                    cache.jitter_ms,
                                    static_cast<std::int64_t>(cache.entries_max),
                                    cache.stale_ms,
                                    static_cast<std::int64_t>(is_minted)}) {
    words.add(number);
  }
  return std::move(words).take();
}

SourceTable::SourceTable(std::vector<SourceSpec> specs, Routes routes)
    : specs_(std::move(specs)), routes_(std::move(routes)) {
  KS_ASSERT(std::ranges::all_of(
      routes_, [this](const auto& one) { return one.second.source < specs_.size(); }));
}

const Route* SourceTable::find(const SecretName& name) const {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second;
}

const SourceSpec* SourceTable::source_of(const SecretName& name) const {
  const Route* route = find(name);
  return route == nullptr ? nullptr : &specs_[route->source];
}

}  // namespace keyswap::vault
