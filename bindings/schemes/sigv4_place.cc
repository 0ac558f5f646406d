// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes/sigv4_place.h"

#include <algorithm>
#include <string>

#include "bindings/signatures/sigv4_claim.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kHeader = "authorization";
// What stands before the mark in a query.
constexpr std::string_view kQueryPrefix = "X-Amz-";

// A placeholder that is short is looked for with what stands before it (Scheme::placeholder_mark).
std::string_view id_of(std::string_view placeholder) {
  return placeholder.starts_with(kCredentialMark) ? placeholder.substr(kCredentialMark.size())
                                                  : placeholder;
}

bool is_slash(std::string_view text) {
  return text.starts_with('/') || text.starts_with("%2F") || text.starts_with("%2f");
}

class CredentialPlace final : public Placement {
 public:
  [[nodiscard]] std::string_view kind() const override { return "sigv4"; }

  [[nodiscard]] std::string_view name() const override { return kHeader; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    std::string value(sigv4::kAlgorithm);
    value.append(" ").append(kCredentialMark).append(id_of(placeholder));
    value.append("/20130524/us-east-1/s3/aws4_request");
    head.fields.emplace_back(kHeader, std::move(value));
  }

  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return std::ranges::all_of(id_of(placeholder), [](char c) {
      return http::grammar::is(c, http::grammar::kName) || c == '.' || c == '~';
    });
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    const bool is_field = head.is_field(part);
    if (is_field && !base::equal_ignoring_case(head.fields[part].name, kHeader)) {
      return;
    }
    const std::string_view text = head[part];
    const std::string_view id = id_of(placeholder);
    for (auto at = text.find(id); at != std::string_view::npos;
         at = text.find(id, at + id.size())) {
      const std::string_view before = text.substr(0, at);
      if (is_slash(text.substr(at + id.size())) && before.ends_with(kCredentialMark) &&
          begins_credential(before.substr(0, before.size() - kCredentialMark.size()), is_field)) {
        // With the mark, if that is what is looked for.
        spots.push_back({part, at + id.size() - placeholder.size(), at + id.size()});
      }
    }
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    return head.fields.count(kHeader);
  }

  [[nodiscard]] bool can_be_filled() const override { return false; }

  // The scheme writes it.
  [[nodiscard]] base::Status check(std::string_view /*value*/) const override {
    return base::Error{base::Errc::unsupported, "a key id by itself is no credential"};
  }

  [[nodiscard]] base::Status fill(const Filling& /*filling*/, Edits& /*edits*/) const override {
    return base::Error{base::Errc::unsupported, "a key id by itself is no credential"};
  }

 private:
  // May what ends so go on with the mark?
  static bool begins_credential(std::string_view before, bool is_field) {
    if (is_field) {
      return before.ends_with(' ') || before.ends_with(',');
    }
    if (!before.ends_with(kQueryPrefix)) {
      return false;
    }
    const std::string_view rest = before.substr(0, before.size() - kQueryPrefix.size());
    return before.find('?') != std::string_view::npos &&
           (rest.ends_with('?') || rest.ends_with('&'));
  }
};

}  // namespace

std::unique_ptr<const Placement> make_credential_place() {
  return std::make_unique<CredentialPlace>();
}

bool is_key_id(std::string_view text) {
  constexpr std::size_t kBytes = 20;
  return text.size() == kBytes && (text.starts_with("AKIA") || text.starts_with("ASIA")) &&
         std::ranges::all_of(
             text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); });
}

}  // namespace keyswap::bindings
