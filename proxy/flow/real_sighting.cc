// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/real_sighting.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/flow/escape.h"

namespace keyswap::flow {

namespace {

using bindings::RealValue;
using Found = SecretSearch::Found;
using Rest = SecretSearch::Rest;

constexpr std::array<std::string_view, 7> kSeenInNames = {
    "method", "host", "path", "query", "header", "body", "message"};

void note(const Found& found, SeenIn where, RealSightings& seen) {
  const SecretSearch::Known& secret = *found.secret;
  if (secret.bytes.size() < kFormBytesMin) {
    return;
  }
  const bool is_full = seen.size() >= base::bounds::kFindingsMax;
  const bool is_told = std::ranges::any_of(seen, [&](const RealSighting& other) {
    return other.secret == secret.name &&
           (is_full || (other.where == where && other.encoding == found.encoding));
  });
  if (!is_told) {
    seen.push_back({secret.name, where, found.encoding});
  }
}

// I10: how much of a head is looked through, and how much of that with its escapes undone. Who has
// a key by mistake does not send it behind so much else, and who hides one can do it anyhow.
class Effort {
 public:
  [[nodiscard]] bool allows(std::string_view text) { return take(text.size(), left_); }

  [[nodiscard]] bool allows_escapes(std::string_view text) {
    return take(text.size(), left_of_escapes_);
  }

 private:
  static bool take(std::size_t size, std::size_t& left) {
    const bool is_enough = size <= left;
    left -= is_enough ? size : 0;
    return is_enough;
  }

  std::size_t left_ = base::bounds::kRealValueFieldBytesMax;
  std::size_t left_of_escapes_ = base::bounds::kRealValueEscapedBytesMax;
};

// `where_of`: by the place in the text.
template <typename WhereOf>
void see_in(const SecretSearch& search,
            std::string_view text,
            WhereOf where_of,
            RealSightings& seen) {
  std::uint64_t compared = 0;
  SecretFinder finder(search, text, {}, compared);
  for (Found found = finder.next(0); found.secret != nullptr;
       found = finder.next(found.at + found.size)) {
    note(found, where_of(found.at), seen);
  }
}

// Where the path begins in a target: behind the authority of an absolute form. A CONNECT has none.
std::size_t path_begin(std::string_view target) {
  constexpr std::string_view kBehindProtocol = "://";
  if (target.starts_with('/')) {
    return 0;
  }
  const std::size_t authority = target.find(kBehindProtocol);
  if (authority == std::string_view::npos) {
    return target.size();
  }
  return std::min(target.find_first_of("/?", authority + kBehindProtocol.size()), target.size());
}

// The same, as far as the effort allows.
void see_in_field(const SecretSearch& search,
                  std::string_view text,
                  Effort& effort,
                  RealSightings& seen) {
  const bool is_looked_at =
      effort.allows(text) && (!has_escape_byte(text) || effort.allows_escapes(text));
  if (is_looked_at && !is_without_secrets(search, text)) {
    see_in(
        search, text, [](std::size_t /*at*/) { return SeenIn::header; }, seen);
  }
}

// Most heads are, and are looked through at once.
bool is_small_and_without(const SecretSearch& search, const http::HeadBlock& block) {
  const std::string_view bytes(block.bytes.get(), block.size);
  return !bytes.empty() && Effort().allows_escapes(bytes) && is_without_secrets(search, bytes);
}

bool needs(const bindings::SecretRule& rule, std::string_view entry) {
  return std::ranges::any_of(rule.places, [&](const bindings::SecretPlace& place) {
    return std::ranges::any_of(place.injection->needs(),
                               [&](const vault::SecretName& name) { return name.text() == entry; });
  });
}

bool refuses(const bindings::SecretRule& rule, const http::Authority& destination) {
  const auto is_refused = [](const bindings::Scope& scope) {
    return scope.real_value == RealValue::refuse;
  };
  const auto is_here = [&](const bindings::Scope& scope) {
    return bindings::Bindings::names(scope, destination);
  };
  if (std::ranges::any_of(rule.scopes, is_here)) {
    return std::ranges::any_of(rule.scopes, [&](const bindings::Scope& scope) {
      return is_here(scope) && is_refused(scope);
    });
  }
  return std::ranges::any_of(rule.scopes, is_refused);
}

}  // namespace

std::string_view to_string(SeenIn where) {
  return kSeenInNames.at(static_cast<std::size_t>(where));
}

bool see_real_values(const SecretSearch& search,
                     const http::RequestHead& head,
                     std::string_view target,
                     RealSightings& seen) {
  see_real_values_in(search, head.method, SeenIn::method, seen);
  Effort effort;
  const bool has_target = !has_escape_byte(target) || effort.allows_escapes(target)
                              ? !is_without_secrets(search, target)
                              : !is_plainly_without(search, target);
  if (has_target) {
    const std::size_t path = path_begin(target);
    const std::size_t query = std::min(target.find('?', path), target.size());
    see_in(
        search,
        target,
        [&](std::size_t at) {
          return at < path ? SeenIn::host : at < query ? SeenIn::path : SeenIn::query;
        },
        seen);
  }
  if (!is_small_and_without(search, head.block)) {
    for (const http::Field& field : head.fields) {
      see_in_field(search, field.name, effort, seen);
      see_in_field(search, field.value, effort, seen);
    }
  }
  return has_target;
}

void see_real_values_in(const SecretSearch& search,
                        std::string_view text,
                        SeenIn where,
                        RealSightings& seen) {
  if (!is_without_secrets(search, text)) {
    see_in(
        search, text, [where](std::size_t /*at*/) { return where; }, seen);
  }
}

std::optional<std::uint32_t> refusing_rule(const bindings::Bindings& bindings,
                                           const http::Authority& destination,
                                           std::span<const RealSighting> seen) {
  for (std::uint32_t number = 0; !seen.empty() && number < bindings.rules.size(); ++number) {
    const bindings::SecretRule& rule = bindings.rules[number];
    const bool is_its_own =
        std::ranges::any_of(seen, [&](const RealSighting& one) { return needs(rule, one.secret); });
    if (is_its_own && refuses(rule, destination)) {
      return number;
    }
  }
  return std::nullopt;
}

std::string mask_real_values(const SecretSearch& search, std::string_view text) {
  std::string masked;
  std::size_t done = 0;
  std::uint64_t compared = 0;
  SecretFinder finder(search, text, {}, compared);
  for (Found found = finder.next(0); found.secret != nullptr; found = finder.next(done)) {
    masked.append(text.substr(done, found.at - done)).append(found.secret->placeholder);
    done = found.at + found.size;
  }
  return masked.append(text.substr(done));
}

// --- in pieces ---

void RealValueWatch::look(std::string_view piece) {
  came_ += piece.size();
  if (kept_.empty()) {
    search_in(piece, Rest::may_follow);
    return;
  }
  if (!kept_.append(piece)) {
    end();  // I10: no value is so long
    search_in(piece, Rest::may_follow);
    return;
  }
  unsearched_ += piece.size();
  if (!is_searched_later()) {
    const base::Buffer joined = std::exchange(kept_, base::Buffer(kKeptBytesMax));
    search_in(joined.view(), Rest::may_follow);
  }
}

void RealValueWatch::end() {
  const base::Buffer rest = std::exchange(kept_, base::Buffer(kKeptBytesMax));
  search_in(rest.view(), Rest::none);
}

// I10: much that is kept is not searched anew for each byte that follows; nor is little, where that
// was done too often.
bool RealValueWatch::is_searched_later() const {
  constexpr std::size_t kSearchedAnewBytes = 1024;
  constexpr std::size_t kSearchedAnewPart = 8;
  constexpr std::uint64_t kSearchedAlways = 16 * 1024;
  constexpr std::uint64_t kTimesSearched = 16;
  const bool is_costly =
      kept_.size() > kSearchedAnewBytes || searched_ > kSearchedAlways + kTimesSearched * came_;
  return is_costly && unsearched_ < kept_.size() / kSearchedAnewPart;
}

// What may yet become a value, or a longer one, is kept; but what is one already is seen at once.
void RealValueWatch::search_in(std::string_view text, Rest rest) {
  unsearched_ = 0;
  const std::size_t undecided_at = std::min(note_all(text, rest).at, text.size());
  const std::size_t synced = text.starts_with('\\') ? synced_ : 0;
  synced_ = EscapedSearch::is_inside_escape(text, undecided_at, synced) ? 1 : 0;
  before_ = undecided_at == 0 ? before_ : text[undecided_at - 1];
  const std::string_view kept = text.substr(undecided_at);
  if (kept.empty() || rest == Rest::none) {
    return;
  }
  static_cast<void>(note_all(kept, Rest::none));
  static_cast<void>(kept_.append(kept));
}

// Gives what is undecided, if anything is.
Found RealValueWatch::note_all(std::string_view text, Rest rest) {
  const std::size_t synced = text.starts_with('\\') ? synced_ : 0;
  std::uint64_t compared = 0;
  searched_ += text.size();
  SecretFinder finder(*search_, text, {rest, before_, synced}, compared);
  Found found = finder.next(0);
  for (; found.secret != nullptr; found = finder.next(found.at + found.size)) {
    note(found, SeenIn::body, seen_);
  }
  return found;
}

}  // namespace keyswap::flow
