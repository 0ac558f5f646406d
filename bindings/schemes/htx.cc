// SPDX-License-Identifier: Apache-2.0
//
// The scheme `htx`: HTX's REST APIs, spot and contracts, with signatures of version 2
// (www.htx.com/en-us/opend/newApiPages, "Authentication").
//   Signature = base64(HMAC-SHA256(secret, METHOD \n host \n path \n query))
// The query is all of a GET's parameters, and of a POST's those of the signature alone: sorted by
// name, escaped. It is sent as it is signed. Its key makes it a secret's place: the whole target is
// put together in locked memory.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/percent_text.h"
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "bindings/plain_value.h"
#include "bindings/signing_parts.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "htx";
constexpr std::string_view kKey = "AccessKeyId";
constexpr std::string_view kMethod = "SignatureMethod";
constexpr std::string_view kVersion = "SignatureVersion";
constexpr std::string_view kTime = "Timestamp";
constexpr std::string_view kSignature = "Signature";
constexpr std::array kOwnNames = {kKey, kMethod, kVersion, kTime, kSignature};

// "Wallet", "Account" and "Sub user Management" of the spot API; "Transfer margin between master
// account and sub account" of those of the contracts. Transfers between one user's own accounts
// (/v2/account/transfer, /v1/futures/transfer) are not here.
constexpr std::array kClosed = {
    ClosedEndpoint{"*withdraw*"},
    ClosedEndpoint{"/v1/account/transfer"},
    ClosedEndpoint{"/v1/subuser/transfer"},
    ClosedEndpoint{"/v2/point/transfer"},
    ClosedEndpoint{"/v2/sub-user/creation"},
    ClosedEndpoint{"/v2/sub-user/transferability"},
    ClosedEndpoint{"/v2/sub-user/api-key-*"},
    ClosedEndpoint{"*_master_sub_transfer"},
};

struct Parameter {
  std::string name;
  std::string value;  // escaped
};

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.find('~') == std::string_view::npos &&
         percent_encoded(name, UrlPart::parameter) == name;
}

bool is_alike(std::string_view name, std::string_view other) {
  return base::equal_ignoring_case(name, other);
}

bool is_of_signature(std::string_view name) {
  return std::ranges::find(kOwnNames, name) != kOwnNames.end();
}

std::optional<Parameter> read_parameter(std::string_view pair) {
  const auto equals = std::min(pair.find('='), pair.size());
  const auto name = pair.substr(0, equals);
  const auto value = strictly_url_decoded(pair.substr(std::min(equals + 1, pair.size())));
  const bool is_disguised = !is_of_signature(name) && std::ranges::any_of(kOwnNames, [&](auto own) {
    return is_alike(own, name);
  });
  if (!is_name(name) || is_disguised || !value || std::ranges::any_of(*value, is_control) ||
      pair.find(';') != std::string_view::npos) {
    return std::nullopt;
  }
  return Parameter{std::string(name), percent_encoded(*value, UrlPart::parameter)};
}

// In their order, without those of the signature. Nothing if some server could read them otherwise:
// a name twice, in any case, or not of [A-Za-z0-9._-], which needs no escaping; an escape that is
// none; a control character; a ';', which some take for a '&'.
std::optional<std::vector<Parameter>> read_parameters(std::string_view query) {
  std::vector<Parameter> all;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    auto one = read_parameter(pair);
    const bool is_repeated = one && std::ranges::any_of(all, [&](const Parameter& known) {
                               return is_alike(known.name, one->name);
                             });
    if (!one || is_repeated || all.size() == bounds::kSignedParametersMax) {
      return std::nullopt;
    }
    all.push_back(std::move(*one));
  }
  std::erase_if(all, [](const Parameter& one) { return is_of_signature(one.name); });
  return all;
}

base::Status append(std::string_view text, vault::LockedBuffer& out) {
  return out.append(text) ? base::Status{}
                          : base::Error{base::Errc::limit_exceeded, "no room for the target"};
}

// "a=1&b=2", by name, with the key among them.
base::Status append_query(std::vector<Parameter> parameters,
                          const SignInput& input,
                          vault::LockedBuffer& out) {
  constexpr std::size_t kIsoSecondsBytes = 19;  // "2019-11-21T10:00:00"
  const auto time = time_text(TimeUnit::iso, input.now_us).substr(0, kIsoSecondsBytes);
  parameters.push_back({std::string(kKey), ""});
  parameters.push_back({std::string(kMethod), "HmacSHA256"});
  parameters.push_back({std::string(kVersion), "2"});
  parameters.push_back({std::string(kTime), percent_encoded(time, UrlPart::parameter)});
  std::ranges::sort(parameters, {}, &Parameter::name);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, value] = parameters[i];
    KS_TRY(append(i == 0 ? "" : "&", out));
    KS_TRY(append(name, out));
    KS_TRY(append("=", out));
    KS_TRY(name == kKey ? append_percent(input.secrets[0].reveal(), UrlPart::parameter, out)
                        : append(value, out));
  }
  return {};
}

class HtxSigner final : public VenueInjection {
 public:
  explicit HtxSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  // A GET's parameters are signed, and those of a POST, whose body is not, stand in the body.
  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto parameters = read_parameters(split_target(request.target).query);
    const bool is_whole = request.method == "GET"
                              ? request.body.empty()
                              : request.method == "POST" && parameters && parameters->empty();
    return is_whole && parameters ? Judgement{} : malformed();
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    KS_TRY(check_plain_value(input.secrets[0].reveal()));
    const auto target = split_target(request.target);
    auto parameters = read_parameters(target.query);
    auto made = vault::LockedBuffer::of_capacity(base::bounds::kTargetBytesMax);
    if (!made || !parameters) {
      return made ? base::Error{base::Errc::invalid_input, "the request was not judged"}
                  : made.error();
    }
    KS_TRY(append(target.path, *made));
    KS_TRY(append("?", *made));
    KS_TRY(append_query(std::move(*parameters), input, *made));
    Digest digest;
    KS_TRY(sign_text(request, input, made->reveal().substr(target.path.size() + 1), digest));
    const auto signature = encoded(digest, TextEncoding::base64);
    KS_TRY(append("&" + std::string(kSignature) + "=", *made));
    KS_TRY(append_percent(signature, UrlPart::parameter, *made));
    auto whole = vault::Secret::copy_of(made->reveal());
    if (!whole) {
      return whole.error();
    }
    edits.set_target(std::move(*whole));
    return {};
  }

 private:
  static base::Status sign_text(const WholeRequest& request,
                                const SignInput& input,
                                std::string_view query,
                                Digest& digest) {
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    for (const auto line : {request.method, request.host, split_target(request.target).path}) {
      KS_TRY(hmac.add(line));
      KS_TRY(hmac.add("\n"));
    }
    KS_TRY(hmac.add(query));
    return hmac.finish(digest);
  }

  [[nodiscard]] std::span<const ClosedEndpoint> closed() const override { return kClosed; }
};

std::unique_ptr<const Placement> make_place() {
  return make_query_parameter(kKey);
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the access key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret key"},
};

}  // namespace

extern const Scheme kHtxScheme;
constinit const Scheme kHtxScheme = {kSchemeName,
                                     "signed requests to HTX's APIs",
                                     kParameters,
                                     make_of_key_and_secret<HtxSigner>,
                                     /*key_header=*/{},
                                     /*takes_any_place=*/false,
                                     make_place};

}  // namespace keyswap::bindings
