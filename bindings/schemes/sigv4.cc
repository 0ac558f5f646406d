// SPDX-License-Identifier: Apache-2.0
//
// The scheme `sigv4`: what a client of AWS signed with a throw-away pair of keys is verified and
// signed anew with the real one, as it was signed: with AWS Signature Version 4, or 4A. The
// client's own signature shows that it holds the pair, and that nobody changed the request on its
// way here; so what it did not sign is not signed for it.
#include "bindings/signatures/sigv4.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "bindings/binding.h"
#include "bindings/bounds.h"
#include "bindings/schemes.h"
#include "bindings/schemes/sigv4_hosts.h"
#include "bindings/schemes/sigv4_place.h"
#include "bindings/schemes/sigv4_request.h"
#include "bindings/signatures/sigv4_canonical.h"
#include "bindings/signatures/sigv4_chunks.h"
#include "bindings/signatures/sigv4_claim.h"
#include "bindings/signatures/sigv4_pair.h"
#include "bindings/signing_parts.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

using sigv4::Claim;
using sigv4::date_time_of;
using sigv4::is_current;
using sigv4::is_known_hash;
using sigv4::is_signed_in_chunks;
using sigv4::is_signed_with;
using sigv4::is_trailer_signed;
using sigv4::is_well_made;
using sigv4::payload_hash;
using sigv4::query_of;
using sigv4::reads_elsewhere;
using sigv4::said_hash;
using sigv4::sign_subject;
using sigv4::signed_query;
using sigv4::Subject;

constexpr std::string_view kSchemeName = "sigv4";
constexpr std::size_t kPlaceholderSecretBytesMin = 16;

enum class Proof : std::uint8_t { require, warn, off };

struct Settings {
  Proof proof = Proof::require;
  std::string placeholder_secret;
  std::vector<std::string> regions;   // empty: what the host says
  std::vector<std::string> services;  // likewise
};

// The places of Injection::needs().
constexpr std::size_t kKeyId = 0;
constexpr std::size_t kSecretKey = 1;
constexpr std::size_t kToken = 2;

Judgement refused(SignerRefusal refusal) {
  Judgement judgement;
  judgement.refusal = refusal;
  return judgement;
}

class SigV4Signer final : public SigningInjection {
 public:
  SigV4Signer(Settings settings, std::vector<vault::SecretName> needs)
      : SigningInjection(kSchemeName, std::move(needs)), settings_(std::move(settings)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request, const Scope& scope) const override {
    const auto claim = sigv4::read_claim(request.fields, query_of(request));
    const auto query = signed_query(query_of(request));
    const auto hash = said_hash(request);
    if (!claim && claim.error().code == base::Errc::unsupported) {
      return refused(SignerRefusal::signature_form_not_supported);
    }
    if (!claim || !is_well_made(*claim, request.fields) || !query ||
        !sigv4::decoded(split_target(request.target).path)) {
      return malformed();
    }
    const bool is_other_stream = claim->is_presigned && is_signed_in_chunks(hash);
    if (!is_known_hash(hash, claim->algorithm) || is_other_stream) {
      return hash.starts_with("STREAMING-") ? refused(SignerRefusal::signature_form_not_supported)
                                            : malformed();
    }
    if (!is_meant_for(request.host, *claim) || reads_elsewhere(request, *query, scope)) {
      return refused(SignerRefusal::endpoint_blocked);
    }
    Judgement judgement;
    judgement.is_unproven = settings_.proof != Proof::off &&
                            !(is_current(*claim, request.now_us) &&
                              is_signed_with(settings_.placeholder_secret, request, *claim));
    return judgement.is_unproven && settings_.proof == Proof::require ? malformed() : judgement;
  }

  [[nodiscard]] bool signs_what_leaves() const override { return true; }

  // A hash in the head is signed with it, and AWS holds the body against it.
  [[nodiscard]] BodyUse body_use(const WholeRequest& head) const override {
    if (const auto hash = said_hash(head); !hash.empty()) {
      return is_signed_in_chunks(hash) ? BodyUse::rewritten : BodyUse::untouched;
    }
    const auto claim = sigv4::read_claim(head.fields, query_of(head));
    const bool is_unsigned = claim && claim->is_presigned && claim->is_s3();
    return !claim || is_unsigned ? BodyUse::untouched : BodyUse::whole;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == needs().size());
    const auto claim = sigv4::read_claim(request.fields, query_of(request));
    auto query = signed_query(query_of(request));
    if (!claim || !query || !is_key_text(input.secrets[kKeyId].reveal())) {
      return base::Error{base::Errc::invalid_input, "an access key id has letters and digits"};
    }
    leave_port_out(request, edits);
    Subject subject{{}, {}, std::move(*query), payload_hash(request, *claim), {}};
    return claim->is_presigned ? sign_query(request, *claim, input, subject, edits)
                               : sign_header(request, *claim, input, subject, edits);
  }

  [[nodiscard]] base::Result<std::unique_ptr<BodySigner>> sign_body(
      const WholeRequest& head, const SignInput& input, const Edits& edits) const override {
    auto claim = sigv4::read_claim(head.fields, query_of(head));
    const auto seed = claim ? seed_of(edits) : std::string();
    if (seed.empty()) {
      return base::Error{base::Errc::invalid_input, "chunks are signed under a signed head"};
    }
    const auto date_time = date_time_of(input.now_us);
    auto key = sigv4::PairKey::of(claim->algorithm, pair_of(input), scope_of(*claim, date_time));
    if (!key) {
      return key.error();
    }
    std::optional<sigv4::ProofChain> clients;
    if (settings_.proof == Proof::require) {
      const sigv4::Pair pair{claim->key_id, settings_.placeholder_secret};
      auto proof = sigv4::PairProof::of(claim->algorithm, pair, claim->scope());
      if (!proof) {
        return proof.error();
      }
      clients.emplace(std::move(*proof),
                      link_of(*claim, claim->date_time, base::to_lower(claim->signature)));
    }
    return std::unique_ptr<BodySigner>(std::make_unique<sigv4::ChunkSigner>(
        sigv4::SignatureChain(std::move(*key), link_of(*claim, date_time, seed)),
        std::move(clients),
        is_trailer_signed(said_hash(head))));
  }

 private:
  static bool is_key_text(std::string_view text) {
    return !text.empty() && http::grammar::all_are(text, http::grammar::kName);
  }

  // Https' own port is not signed; so it is not sent.
  static void leave_port_out(const WholeRequest& request, Edits& edits) {
    const auto* const host = request.fields.find("host");
    if (const auto bare = sigv4::without_port(host->value); bare.size() < host->value.size()) {
      edits.set_field("Host", std::string(bare));
    }
  }

  // Of a region set, each of its regions.
  [[nodiscard]] bool is_meant_for(std::string_view host, const Claim& claim) const {
    const auto has = [](const std::vector<std::string>& list, std::string_view one) {
      return std::ranges::find(list, one) != list.end();
    };
    const auto is_region_meant = [&](std::string_view region) {
      return settings_.regions.empty()
                 ? names_region(host, region)
                 : has(settings_.regions, region) || has(settings_.regions, sigv4::kAllRegions);
    };
    return std::ranges::all_of(claim.regions, is_region_meant) &&
           (settings_.services.empty() ? names_service(host, claim.service)
                                       : has(settings_.services, claim.service));
  }

  static sigv4::Pair pair_of(const SignInput& input) {
    return {input.secrets[kKeyId].reveal(), input.secrets[kSecretKey].reveal()};
  }

  // A view of both.
  static sigv4::KeyScope scope_of(const Claim& claim, std::string_view date_time) {
    return {date_time.substr(0, 8), claim.region, claim.service};
  }

  static sigv4::ChainLink link_of(const Claim& claim,
                                  const std::string& date_time,
                                  std::string seed) {
    return {claim.algorithm, date_time, scope_of(claim, date_time).text(), std::move(seed)};
  }

  // The signature of the head, which stands last in its field.
  static std::string seed_of(const Edits& edits) {
    for (const Edit& edit : edits) {
      const auto* const set = std::get_if<FieldEdit>(&edit);
      if (set != nullptr && set->name == "authorization") {
        const auto value = std::get<vault::Secret>(set->value).reveal();
        return std::string(value.substr(value.rfind('=') + 1));
      }
    }
    return "";
  }

  [[nodiscard]] const vault::Secret* token_of(const SignInput& input) const {
    return needs().size() > kToken ? &input.secrets[kToken] : nullptr;
  }

  // What the client signed of the fields that leave, and the time and the token, which are ours.
  [[nodiscard]] base::Status sign_header(const WholeRequest& request,
                                         const Claim& claim,
                                         const SignInput& input,
                                         Subject& subject,
                                         Edits& edits) const {
    const vault::Secret* const token = token_of(input);
    subject.date_time = date_time_of(input.now_us);
    take_fields(request, claim, subject);
    add_field(sigv4::kDateField, subject.date_time, subject);
    edits.set_field(sigv4::kDateField, subject.date_time);
    if (token != nullptr) {
      add_field(sigv4::kTokenField, token->reveal(), subject);
      KS_TRY(set_field(edits, sigv4::kTokenField, *token));
    } else {
      edits.remove_field(sigv4::kTokenField);
    }
    const auto signature = sign_subject(request, claim, subject, pair_of(input));
    if (!signature) {
      return signature.error();
    }
    std::string names;
    for (const std::string& name : subject.names) {
      names.append(names.empty() ? "" : ";").append(name);
    }
    const std::string scope = scope_of(claim, subject.date_time).text();
    const std::array<std::string_view, 9> pieces = {sigv4::names_of(claim.algorithm).head,
                                                    " ",
                                                    kCredentialMark,
                                                    input.secrets[kKeyId].reveal(),
                                                    "/",
                                                    scope,
                                                    ", SignedHeaders=",
                                                    names,
                                                    ", Signature="};
    std::vector<std::string_view> all(pieces.begin(), pieces.end());
    all.push_back(*signature);
    const auto value = sigv4::locked_text(all);
    return value ? set_field(edits, "authorization", *value) : base::Status(value.error());
  }

  // All fields but what is ours, which a presigned URL has in its query; of the client's names
  // those that are there.
  static void take_fields(const WholeRequest& request, const Claim& claim, Subject& subject) {
    for (const http::Field& field : request.fields) {
      if (claim.is_presigned || (!http::grammar::is_name(field.name, sigv4::kDateField) &&
                                 !http::grammar::is_name(field.name, sigv4::kTokenField))) {
        subject.fields.push_back(field);
      }
    }
    for (const std::string& name : claim.signed_names) {
      if (name != "authorization" &&
          std::ranges::any_of(subject.fields, [&](const http::Field& field) {
            return http::grammar::is_name(field.name, name);
          })) {
        subject.names.push_back(name);
      }
    }
  }

  static void add_field(std::string_view name, std::string_view value, Subject& subject) {
    subject.fields.push_back({name, value});
    const auto place = std::ranges::lower_bound(subject.names, name);
    subject.names.emplace(place, name);
  }

  // A presigned URL keeps its time and its end.
  [[nodiscard]] base::Status sign_query(const WholeRequest& request,
                                        const Claim& claim,
                                        const SignInput& input,
                                        Subject& subject,
                                        Edits& edits) const {
    subject.date_time = claim.date_time;
    take_fields(request, claim, subject);
    if (subject.names != claim.signed_names) {
      return base::Error{base::Errc::invalid_input, "a signed field does not leave"};
    }
    const auto credential = credential_text(claim, input);
    const auto token = token_text(input);
    if (!credential || !token) {
      return (credential ? token : credential).error();
    }
    set_parameter(sigv4::kCredentialParameter, credential->reveal(), subject);
    set_parameter(sigv4::kTokenParameter, token->reveal(), subject);
    const auto signature = sign_subject(request, claim, subject, pair_of(input));
    if (!signature) {
      return signature.error();
    }
    auto target = write_target(request, credential->reveal(), token->reveal(), *signature);
    if (!target) {
      return target.error();
    }
    edits.set_target(std::move(*target));
    return {};
  }

  // As they stand in a query.
  static base::Result<vault::Secret> credential_text(const Claim& claim, const SignInput& input) {
    constexpr std::string_view kSlash = "%2F";
    std::vector<std::string_view> pieces = {input.secrets[kKeyId].reveal()};
    for (const std::string_view part : {std::string_view(claim.date),
                                        std::string_view(claim.region),
                                        std::string_view(claim.service),
                                        sigv4::kTermination}) {
      if (!part.empty()) {
        pieces.insert(pieces.end(), {kSlash, part});
      }
    }
    return sigv4::locked_text(pieces);
  }

  // Empty: there is none.
  [[nodiscard]] base::Result<vault::Secret> token_text(const SignInput& input) const {
    const vault::Secret* const token = token_of(input);
    if (token == nullptr) {
      return vault::Secret();
    }
    constexpr std::size_t kEscapeBytes = 3;
    auto text = vault::LockedBuffer::of_capacity(kEscapeBytes * token->size() + 1);
    if (!text) {
      return text.error();
    }
    static_cast<void>(sigv4::append_encoded(token->reveal(), "", *text));
    return vault::Secret::copy_of(text->reveal());
  }

  // "": it goes.
  static void set_parameter(std::string_view name, std::string_view value, Subject& subject) {
    std::erase_if(subject.query, [&](const sigv4::Parameter& one) { return one.name == name; });
    if (!value.empty()) {
      const auto place = std::ranges::lower_bound(
          subject.query, name, {}, [](const sigv4::Parameter& one) -> std::string_view {
            return one.name;
          });
      subject.query.insert(place, {std::string(name), "", value});
    }
  }

  // The parameters in the client's order and with its bytes, but for ours; the signature last.
  static base::Result<vault::Secret> write_target(const WholeRequest& request,
                                                  std::string_view credential,
                                                  std::string_view token,
                                                  std::string_view signature) {
    auto [path, query, has_query] = split_target(request.target);
    std::vector<std::string_view> pieces = {path, "?"};
    while (!query.empty()) {
      const auto pair = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(pair.size() + 1, query.size()));
      const auto name = sigv4::decoded(pair.substr(0, pair.find('=')));
      if (pair.empty() || !name || *name == sigv4::kCredentialParameter ||
          *name == sigv4::kTokenParameter || *name == sigv4::kSignatureParameter) {
        continue;
      }
      pieces.insert(pieces.end(), {pair, "&"});
    }
    pieces.insert(pieces.end(), {sigv4::kCredentialParameter, "=", credential, "&"});
    if (!token.empty()) {
      pieces.insert(pieces.end(), {sigv4::kTokenParameter, "=", token, "&"});
    }
    pieces.insert(pieces.end(), {sigv4::kSignatureParameter, "=", signature});
    return sigv4::locked_text(pieces);
  }

  Settings settings_;
};

// --- making one ---

void complain(MadeInjection& made, std::string_view parameter, std::string text, std::string hint) {
  made.issues.push_back({parameter, 0, std::move(text), std::move(hint)});
}

// "us-east-1, eu-west-1"; `other`, if it is not empty, is a name, too.
std::vector<std::string> read_names(const SchemeSetup& setup,
                                    std::string_view parameter,
                                    std::string_view other,
                                    MadeInjection& made) {
  std::vector<std::string> names;
  const auto* const text = setup.find(parameter);
  if (text == nullptr) {
    return names;
  }
  bool is_good = true;
  http::grammar::any_element(*text, [&](std::string_view name) {
    is_good = is_good && (name == other || http::grammar::all_are(name, http::grammar::kName));
    names.emplace_back(name);
    return false;
  });
  if (!is_good || names.empty() || names.size() > bounds::kSignedListMax) {
    complain(made,
             parameter,
             "`" + std::string(parameter) + "` must be 1 to 32 names with commas between them",
             "as in \"us-east-1, eu-west-1\"");
  }
  return names;
}

void read_proof(const SchemeSetup& setup, Settings& settings, MadeInjection& made) {
  settings.proof =
      static_cast<Proof>(read_one_of(setup, "proof", {"require", "warn", "off"}, made));
  if (const auto* const secret = setup.find("placeholder_secret")) {
    settings.placeholder_secret = *secret;
  }
  if (settings.proof != Proof::off &&
      settings.placeholder_secret.size() < kPlaceholderSecretBytesMin) {
    complain(made,
             "placeholder_secret",
             "`placeholder_secret` must be there, with 16 characters at least",
             "the client signs with it in place of the real secret; AWS's have 40 characters");
  }
}

MadeInjection make_sigv4(const SchemeSetup& setup) {
  MadeInjection made;
  Settings settings;
  auto needs = read_entry_names(setup, {"access_key_id", "secret_access_key"}, made);
  if (auto token = read_entry_name(setup, "session_token", made)) {
    needs.push_back(std::move(*token));
  }
  read_proof(setup, settings, made);
  settings.regions = read_names(setup, "regions", sigv4::kAllRegions, made);
  settings.services = read_names(setup, "services", "", made);
  if (setup.compose) {
    complain(made, "access_key_id", "`compose` is for the scheme header", "");
  }
  if (made.issues.empty()) {
    made.injection = std::make_unique<SigV4Signer>(std::move(settings), std::move(needs));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"access_key_id", true, "the vault entry of the access key's id"},
    SchemeParameter{"secret_access_key", true, "the vault entry of its secret"},
    SchemeParameter{"session_token", false, "the vault entry of a temporary pair's token"},
    SchemeParameter{"placeholder_secret", false, "the secret that the client signs with"},
    SchemeParameter{"proof", false, "require (default), warn or off: check the client's signature"},
    SchemeParameter{
        "regions", false, "those that are signed for, if not what the host says; \"*\": all"},
    SchemeParameter{"services", false, "likewise"},
};

}  // namespace

extern const Scheme kSigv4Scheme;
constinit const Scheme kSigv4Scheme = {
    .name = kSchemeName,
    .summary = "requests to AWS, verified and signed anew (Signature Version 4, 4A)",
    .parameters = kParameters,
    .make = make_sigv4,
    .make_place = make_credential_place,
    .is_short_placeholder = is_key_id,
    .placeholder_mark = kCredentialMark,
};

}  // namespace keyswap::bindings
