// SPDX-License-Identifier: Apache-2.0
//
// What the signers in bindings/schemes share: a base for their Injection, the reading of their
// parameters, and the pieces that signatures are made of. Not a signer's rules: those stand in its
// own file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/closed_endpoints.h"
#include "bindings/digest.h"
#include "bindings/scheme.h"
#include "bindings/signer.h"

namespace keyswap::bindings {

// An Injection that signs.
class SigningInjection : public Injection, public Signer {
 public:
  SigningInjection(std::string_view scheme, std::vector<vault::SecretName> needs)
      : scheme_(scheme), needs_(std::move(needs)) {}

  [[nodiscard]] std::string_view scheme() const final { return scheme_; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const final { return needs_; }

  [[nodiscard]] const Signer* signer() const final { return this; }

  // Never called for a signer; fails.
  [[nodiscard]] base::Status render(const RenderInput& input, base::ByteSink& out) const final;

 private:
  std::string_view scheme_;
  std::vector<vault::SecretName> needs_;
};

// A venue's. Its API takes no method but the request's own, which is what is signed: a request
// that names another one is refused, whatever it carries. So is one to an endpoint that is closed.
class VenueInjection : public SigningInjection {
 public:
  using SigningInjection::SigningInjection;

  [[nodiscard]] bool forbids(const RequestReadings& request) const final;

 private:
  // What no configuration opens.
  [[nodiscard]] virtual std::span<const ClosedEndpoint> closed() const { return {}; }
};

// --- parameters ---

// The vault entry that a parameter names; nothing, and an issue, if it is no name. A parameter that
// is not given is nothing without an issue.
std::optional<vault::SecretName> read_entry_name(const SchemeSetup& setup,
                                                 std::string_view parameter,
                                                 MadeInjection& made);

// The vault entries that these parameters name, in their order; as many as there are parameters
// unless `made` has an issue.
std::vector<vault::SecretName> read_entry_names(const SchemeSetup& setup,
                                                std::initializer_list<std::string_view> parameters,
                                                MadeInjection& made);

// A vendor's signer of the entries that `parameters` name.
template <typename VendorSigner>
MadeInjection make_of_entries(const SchemeSetup& setup,
                              std::initializer_list<std::string_view> parameters) {
  MadeInjection made;
  auto names = read_entry_names(setup, parameters, made);
  if (made.issues.empty()) {
    made.injection = std::make_unique<VendorSigner>(std::move(names));
  }
  return made;
}

// Of two, `api_key` and `api_secret`.
template <typename VendorSigner>
MadeInjection make_of_key_and_secret(const SchemeSetup& setup) {
  return make_of_entries<VendorSigner>(setup, {"api_key", "api_secret"});
}

// Of three.
template <typename VendorSigner>
MadeInjection make_of_key_secret_and_passphrase(const SchemeSetup& setup) {
  return make_of_entries<VendorSigner>(setup, {"api_key", "api_secret", "passphrase"});
}

// A whole number from 1 to `max`; nothing, and an issue, if it is none. Nothing without an issue if
// it is not given.
std::optional<std::uint32_t> read_number(const SchemeSetup& setup,
                                         std::string_view parameter,
                                         std::uint32_t max,
                                         MadeInjection& made);

// The place in `choices` of a parameter's value, 0 if it is not given; an issue if it is none of
// them.
std::size_t read_one_of(const SchemeSetup& setup,
                        std::string_view parameter,
                        std::initializer_list<std::string_view> choices,
                        MadeInjection& made);

// --- pieces ---

enum class KeyEncoding : std::uint8_t { raw, base64, hex, base64url };
enum class TextEncoding : std::uint8_t { hex, base64, base64url };
enum class TimeUnit : std::uint8_t { s, ms, iso };

// Begins an HMAC under a secret, decoded first (in locked memory). invalid_input if it does not
// decode, or to nothing.
base::Status begin_hmac(Hmac& hmac, HashKind kind, KeyEncoding encoding, const vault::Secret& key);
// The same with a part of one.
base::Status begin_hmac(Hmac& hmac, HashKind kind, KeyEncoding encoding, std::string_view key);

std::string encoded(const Digest& digest, TextEncoding encoding);

// "1700000000", "1700000000123", "2023-11-14T22:13:20.123Z".
std::string time_text(TimeUnit unit, std::int64_t now_us);

// A judgement that refuses what can be read in more than one way, or cannot be signed.
Judgement malformed();
// One that refuses what no configuration lets through.
Judgement endpoint_closed();

// Is one of these fields there more than once?
bool repeats_a_field(const WholeRequest& request, std::initializer_list<std::string_view> names);

// Digits, one at least?
bool is_digits(std::string_view text);

// Is the body parameters of a form (application/x-www-form-urlencoded)?
bool is_form(const WholeRequest& request);

// Adds an edit; invalid_input if the value cannot stand in a header line (I9), or is empty. `name`
// outlives the edits.
base::Status set_field(Edits& edits, std::string_view name, std::string_view value);
// The same with a whole vault entry, of which no copy is made.
base::Status set_field(Edits& edits, std::string_view name, const vault::Secret& value);

// --- parameters of a query or a form: "a=1&b=2" ---

struct SplitTarget {
  std::string_view path;
  std::string_view query;  // without its '?'
  bool has_query = false;  // also "/path?"
};

SplitTarget split_target(std::string_view target);

// `text` with %XX and '+' decoded; what is no escape stays.
std::string url_decoded(std::string_view text);
// The same; nothing if there is a '%' that begins none.
std::optional<std::string> strictly_url_decoded(std::string_view text);

// How often a parameter is there, by its decoded name; and how often under a name that differs only
// in case, which some servers take for the same.
struct ParameterCount {
  std::size_t same = 0;
  std::size_t alike = 0;
};

ParameterCount count_parameter(std::string_view pairs, std::string_view name);

// The parameters but `name`, in their order and with their bytes.
std::string without_parameter(std::string_view pairs, std::string_view name);
// The same with the value of `name` replaced in its place; unchanged if it is not there.
std::string with_value(std::string_view pairs, std::string_view name, std::string_view value);
// Adds a parameter at the end; `value` is written as it is.
void append_parameter(std::string& pairs, std::string_view name, std::string_view value);

}  // namespace keyswap::bindings
