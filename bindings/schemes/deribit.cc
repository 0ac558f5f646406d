// SPDX-License-Identifier: Apache-2.0
//
// The scheme `deribit`: Deribit's API v2 over HTTP (docs.deribit.com, "Authentication", "Deribit
// signature credentials").
//   Authorization: deri-hmac-sha256 id=KEY,ts=MS,nonce=NONCE,sig=SIGNATURE
//   sig = hex(HMAC-SHA256(secret, ts \n nonce \n METHOD \n URI \n body \n))
// The nonce is the client's if it sends one. What is asked is a method of JSON-RPC, which has to
// stand in the path, where a binding's `paths` and `blocked` see it; a body may say it once more.
// Not its WebSocket: the answer to `public/auth` is a token with which the client would need this
// program no more.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bindings/auth_parameters.h"
#include "bindings/bounds.h"
#include "bindings/json.h"
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "bindings/signing_parts.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "deribit";
constexpr std::string_view kField = "authorization";
constexpr std::string_view kWord = "deri-hmac-sha256";
constexpr std::string_view kKey = "id";
constexpr std::string_view kNonce = "nonce";
constexpr std::string_view kApi = "/api/v2";
constexpr std::size_t kNonceBytesMax = 64;  // the vendor names no bound

// A call (1), its params (2), a list in them (3), objects in that (4).
constexpr JsonBounds kCallBounds = {4, bounds::kSignedParametersMax};

// docs.deribit.com: "Wallet" (withdraw, transfers, the address book), "Account management" (API
// keys, whose list has their secrets, and subaccounts), "Block Trade" and "Block RFQ" (whose price
// both sides choose), "Authentication" (tokens). Most can be asked by GET as well as by POST.
constexpr std::array kClosed = {
    ClosedEndpoint{"*/private/withdraw", ClosedTo::all},
    ClosedEndpoint{"*/private/submit_transfer_*", ClosedTo::all},
    ClosedEndpoint{"*/private/add_to_address_book", ClosedTo::all},
    ClosedEndpoint{"*/private/update_in_address_book", ClosedTo::all},
    ClosedEndpoint{"*/private/save_address_beneficiary", ClosedTo::all},
    ClosedEndpoint{"*/private/*api_key*", ClosedTo::all},
    ClosedEndpoint{"*/private/create_subaccount", ClosedTo::all},
    ClosedEndpoint{"*/private/set_email_for_subaccount", ClosedTo::all},
    ClosedEndpoint{"*/private/set_password_for_subaccount", ClosedTo::all},
    ClosedEndpoint{"*/private/toggle_subaccount_login", ClosedTo::all},
    ClosedEndpoint{"*/private/move_positions", ClosedTo::all},
    ClosedEndpoint{"*/private/verify_block_trade", ClosedTo::all},
    ClosedEndpoint{"*/private/approve_block_trade", ClosedTo::all},
    ClosedEndpoint{"*/private/execute_block_trade", ClosedTo::all},
    ClosedEndpoint{"*/private/create_block_rfq", ClosedTo::all},
    ClosedEndpoint{"*/private/accept_block_rfq", ClosedTo::all},
    ClosedEndpoint{"*/private/add_block_rfq_quote", ClosedTo::all},
    ClosedEndpoint{"*/private/edit_block_rfq_quote", ClosedTo::all},
    ClosedEndpoint{"*/public/auth", ClosedTo::all},
    ClosedEndpoint{"*/public/*_token", ClosedTo::all},
};

// "private/buy" of the path. Nothing for another API, or where it names none.
std::optional<std::string_view> method_of_path(std::string_view path) {
  if (!path.starts_with(kApi)) {
    return std::nullopt;
  }
  path.remove_prefix(kApi.size());
  return path.size() > 1 && path.front() == '/' ? std::optional(path.substr(1)) : std::nullopt;
}

// "private/buy" of a call; "" where it has none. Nothing for what is no call.
std::optional<std::string> method_of_body(std::string_view body) {
  if (body.empty()) {
    return std::string();
  }
  const auto call = read_json(body, kCallBounds);
  if (!call || call->kind != JsonValue::Kind::object) {
    return std::nullopt;
  }
  const auto* const method = call->find("method");
  if (method == nullptr) {
    return std::string();
  }
  return method->kind == JsonValue::Kind::string ? std::optional(method->text) : std::nullopt;
}

// The one method of JSON-RPC that the path names, and the body, if it names one; nothing if they
// name two, or the path none.
std::optional<std::string> called_method(const WholeRequest& request) {
  const bool is_post = request.method == "POST";
  if (!is_post && (request.method != "GET" || !request.body.empty())) {
    return std::nullopt;
  }
  const auto target = split_target(request.target);
  const auto in_path = method_of_path(target.path);
  const auto in_body = method_of_body(request.body);
  const bool is_one =
      in_path && in_body && (in_body->empty() || std::string_view(*in_body) == *in_path);
  return is_one ? std::optional(std::string(*in_path)) : std::nullopt;
}

bool is_nonce(std::string_view text) {
  return !text.empty() && text.size() <= kNonceBytesMax && std::ranges::all_of(text, [](char c) {
    const char lower = base::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// What the client says of itself; nothing where that cannot be read. On a reverse route there may
// be no such field.
std::optional<std::vector<AuthParameter>> own_parameters(const WholeRequest& request) {
  const auto* const field = request.fields.find(kField);
  return field == nullptr ? std::optional(std::vector<AuthParameter>())
                          : read_auth_parameters(field->value, kWord);
}

class DeribitSigner final : public VenueInjection {
 public:
  explicit DeribitSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto method = called_method(request);
    const auto own = own_parameters(request);
    const auto nonce = own ? find_auth_parameter(*own, kNonce) : std::nullopt;
    if (!method || !own || (nonce && !is_nonce(*nonce)) || repeats_a_field(request, {kField})) {
      return malformed();
    }
    Judgement judgement;
    judgement.wants_nonce =
        true;  // also beside the client's own: a GET acts here, and is sent once
    return judgement;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto key = input.secrets[0].reveal();
    if (!http::is_token(key)) {
      return base::Error{base::Errc::invalid_input, "the client id is no parameter's value"};
    }
    const auto own = own_parameters(request);
    const auto own_nonce = own ? find_auth_parameter(*own, kNonce) : std::nullopt;
    const auto nonce = own_nonce ? std::string(*own_nonce) : std::to_string(input.nonce);
    const auto time = time_text(TimeUnit::ms, input.now_us);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    for (const std::string_view line : {std::string_view(time),
                                        std::string_view(nonce),
                                        request.method,
                                        request.target,
                                        request.body}) {
      KS_TRY(hmac.add(line));
      KS_TRY(hmac.add("\n"));
    }
    Digest digest;
    KS_TRY(hmac.finish(digest));
    return set_credentials(
        key,
        ",ts=" + time + ",nonce=" + nonce + ",sig=" + encoded(digest, TextEncoding::hex),
        edits);
  }

 private:
  // I1: the key stands in the field's value, which is put together in locked memory.
  static base::Status set_credentials(std::string_view key, std::string_view rest, Edits& edits) {
    constexpr std::string_view kId = " id=";
    auto made =
        vault::LockedBuffer::of_capacity(kWord.size() + kId.size() + key.size() + rest.size());
    if (!made) {
      return made.error();
    }
    if (!made->append(kWord) || !made->append(kId) || !made->append(key) || !made->append(rest)) {
      return base::Error{base::Errc::limit_exceeded, "no room for the field"};
    }
    return set_field(edits, kField, made->reveal());
  }

  [[nodiscard]] std::span<const ClosedEndpoint> closed() const override { return kClosed; }
};

std::unique_ptr<const Placement> make_place() {
  return make_auth_parameter(kWord, kKey);
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the client id"},
    SchemeParameter{"api_secret", true, "the vault entry of the client secret"},
};

}  // namespace

extern const Scheme kDeribitScheme;
constinit const Scheme kDeribitScheme = {kSchemeName,
                                         "signed requests to Deribit's API v2",
                                         kParameters,
                                         make_of_key_and_secret<DeribitSigner>,
                                         /*key_header=*/{},
                                         /*takes_any_place=*/false,
                                         make_place};

}  // namespace keyswap::bindings
