// SPDX-License-Identifier: Apache-2.0
//
// The scheme `hyperliquid`: trading actions of Hyperliquid's exchange endpoint
// (hyperliquid.gitbook.io, "Exchange endpoint" and "Signing"; the rule is that of `sign_l1_action`
// in github.com/hyperliquid-dex/hyperliquid-python-sdk).
//   hash = Keccak-256(MessagePack(action) + nonce + vault + expiry)
//   signature = EIP-712 over Agent(source, hash), by the wallet's key
// The program signs with a key of its own, or not at all; its signature is replaced in its place.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/json.h"
#include "bindings/placement.h"
#include "bindings/signatures/eip712.h"
#include "bindings/signatures/keccak.h"
#include "bindings/signatures/msgpack.h"
#include "bindings/signatures/secp256k1.h"
#include "bindings/signing_parts.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "hyperliquid";
constexpr std::string_view kPath = "/exchange";
constexpr std::string_view kAction = "action";
constexpr std::string_view kSignature = "signature";
constexpr std::string_view kNonce = "nonce";
constexpr std::string_view kVault = "vaultAddress";
constexpr std::string_view kExpiry = "expiresAfter";
constexpr std::size_t kAddressBytes = 20;
constexpr std::size_t kNumberBytes = 8;
constexpr int kRecoveryBase = 27;  // what Ethereum adds to it

// The body (1), its action (2), orders (3), one (4), its type (5), what that says (6), and room.
constexpr JsonBounds kBodyBounds = {8, bounds::kMessageListMax};

// "Exchange endpoint": what trades and moves nothing out. A transfer, a withdrawal, the approval of
// another wallet or fee, and what the vendor may add later are not among them.
constexpr auto kActions = std::to_array<std::string_view>({"order",
                                                           "cancel",
                                                           "cancelByCloid",
                                                           "modify",
                                                           "batchModify",
                                                           "scheduleCancel",
                                                           "updateLeverage",
                                                           "updateIsolatedMargin",
                                                           "twapOrder",
                                                           "twapCancel",
                                                           "noop"});

constexpr auto kMembers =
    std::to_array<std::string_view>({kAction, kNonce, kSignature, kVault, kExpiry});

// A body that can be signed.
struct Signable {
  std::string action_type;
  std::string hash;       // what the agent is asked to sign
  std::size_t begin = 0;  // where the signature stands in the body, or is put
  std::size_t end = 0;
  bool has_signature = false;
};

bool is_exchange(const WholeRequest& request) {
  return request.method == "POST" && http::path_of(request.target) == kPath;
}

bool is_given(const JsonValue* value) {
  return value != nullptr && value->kind != JsonValue::Kind::null;
}

void append_number(std::uint64_t number, std::string& out) {
  for (std::size_t i = kNumberBytes; i > 0; --i) {
    out += static_cast<char>(static_cast<unsigned char>(number >> ((i - 1) * 8) & 0xffU));
  }
}

// The vault or subaccount that the action is for, if there is one.
bool append_vault(const JsonValue* vault, std::string& out) {
  if (!is_given(vault)) {
    out += '\0';
    return true;
  }
  const bool is_text = vault->kind == JsonValue::Kind::string && vault->text.starts_with("0x");
  const auto bytes = base::from_hex(is_text ? std::string_view(vault->text).substr(2) : "");
  if (!bytes || bytes->size() != kAddressBytes) {
    return false;
  }
  out += '\1' + *bytes;
  return true;
}

bool append_expiry(const JsonValue* expiry, std::string& out) {
  if (!is_given(expiry)) {
    return true;
  }
  const auto number = whole_number<std::uint64_t>(expiry);
  if (number) {
    out += '\0';
    append_number(*number, out);
  }
  return number.has_value();
}

std::optional<std::string> hash_of(const JsonValue& body) {
  std::string text;
  const auto nonce = whole_number<std::uint64_t>(body.find(kNonce));
  if (!nonce || !append_msgpack(*body.find(kAction), text)) {
    return std::nullopt;
  }
  append_number(*nonce, text);
  if (!append_vault(body.find(kVault), text) || !append_expiry(body.find(kExpiry), text)) {
    return std::nullopt;
  }
  return keccak256(text);
}

// Nothing: it is no such body, or has something in it that the signature does not cover.
std::optional<Signable> read_body(std::string_view text) {
  const auto body = read_json(text, kBodyBounds);
  const bool is_known = body && std::ranges::all_of(body->names, [](const std::string& name) {
                          return std::ranges::find(kMembers, name) != kMembers.end();
                        });
  const auto* const action = is_known ? body->find(kAction) : nullptr;
  const auto* const type = action == nullptr ? nullptr : action->find("type");
  if (type == nullptr || type->kind != JsonValue::Kind::string) {
    return std::nullopt;
  }
  auto hash = hash_of(*body);
  if (!hash) {
    return std::nullopt;
  }
  const auto* const signature = body->find(kSignature);
  const auto last = body->end - 1;  // of the brace
  return Signable{type->text,
                  std::move(*hash),
                  signature == nullptr ? last : signature->begin,
                  signature == nullptr ? last : signature->end,
                  signature != nullptr};
}

// As the vendor's client writes it: a number, without leading zeros.
std::string quantity(std::string_view bytes) {
  const auto hex = base::to_hex(bytes);
  const auto first = std::min(hex.find_first_not_of('0'), hex.size() - 1);
  return "\"0x" + hex.substr(first) + "\"";
}

class HyperliquidSigner final : public VenueInjection {
 public:
  HyperliquidSigner(vault::SecretName key, std::string header, bool is_mainnet)
      : VenueInjection(kSchemeName, {std::move(key)}),
        header_(std::move(header)),
        source_(is_mainnet ? "a" : "b") {}

  // What is not the exchange endpoint takes no signature.
  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    if (repeats_a_field(request, {header_})) {
      return malformed();
    }
    if (!is_exchange(request)) {
      return {};
    }
    const auto body = read_body(request.body);
    if (!body) {
      return malformed();
    }
    const bool is_open = std::ranges::find(kActions, body->action_type) != kActions.end();
    return is_open ? Judgement{} : endpoint_closed();
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 1);
    edits.remove_field(header_);
    if (!is_exchange(request)) {
      return {};
    }
    const auto body = read_body(request.body);
    if (!body) {
      return base::Error{base::Errc::invalid_input, "the request was not judged"};
    }
    const auto made = secp256k1::sign(input.secrets[0].reveal(), digest_for(body->hash));
    if (!made) {
      return made.error();
    }
    const auto text = "{\"r\":" + quantity(made->r) + ",\"s\":" + quantity(made->s) +
                      ",\"v\":" + std::to_string(kRecoveryBase + made->recovery) + "}";
    edits.set_body(std::string(request.body.substr(0, body->begin)) +
                   (body->has_signature ? "" : ",\"signature\":") + text +
                   std::string(request.body.substr(body->end)));
    return {};
  }

 private:
  [[nodiscard]] std::string digest_for(const std::string& hash) const {
    constexpr std::uint64_t kChainId = 1337;  // of this domain, whatever the network
    const auto agent = eip712::hash_struct("Agent(string source,bytes32 connectionId)",
                                           {eip712::string_member(source_), hash});
    return eip712::digest_of({"Exchange", "1", kChainId}, agent);
  }

  std::string header_;  // the placeholder's, in lower case
  std::string_view source_;
};

MadeInjection make_hyperliquid(const SchemeSetup& setup) {
  MadeInjection made;
  const bool is_mainnet = read_one_of(setup, "network", {"mainnet", "testnet"}, made) == 0;
  if (made.issues.empty() && setup.place != nullptr) {
    made.injection = std::make_unique<HyperliquidSigner>(
        setup.name, std::string(setup.place->name()), is_mainnet);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"network", false, "mainnet (default) or testnet"},
};

}  // namespace

extern const Scheme kHyperliquidScheme;
constinit const Scheme kHyperliquidScheme = {
    kSchemeName, "trading actions on Hyperliquid, signed anew", kParameters, make_hyperliquid};

}  // namespace keyswap::bindings
