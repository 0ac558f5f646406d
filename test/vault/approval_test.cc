// SPDX-License-Identifier: Apache-2.0
#include "vault/approval.h"

#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::secret_of;

Approval some_approval() {
  Approval approval;
  approval.number = 3;
  approval.policy = approved_policy(policy_digest("one"), nullptr);
  return approval;
}

// A signer with its key, without the stretching: what is sealed is not opened in most cases.
struct Signing {
  ApprovalSigner signer;
  SigningKey key;
};

Signing make_signing() {
  auto seed = make_signing_seed();
  REQUIRE(seed);
  auto key = SigningKey::of(*seed);
  REQUIRE(key);
  Signing made{{}, std::move(*key)};
  const auto& bytes = made.key.public_key();
  made.signer.public_key.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return made;
}

}  // namespace

TEST_CASE("a policy's digest is BLAKE2b over label and text, each with its length", "[I17]") {
  REQUIRE(lock_memory());
  // python3: hashlib.blake2b(len(l).to_bytes(8,'little')+l+(3).to_bytes(8,'little')+b'abc',
  // digest_size=32) with l = b'keyswap vault v1 policy digest'
  CHECK(base::to_hex(policy_digest("abc")) ==
        "edc9a67d54b59536522968ce3da24ecf10aba9976bb21bc4b56a707d28077503");
  CHECK(policy_digest("abc") != policy_digest("abd"));
  CHECK(policy_digest("").size() == kDigestBytes);
}

TEST_CASE("what was approved is covered, and nothing else", "[I17]") {
  Approval approval = some_approval();
  CHECK(covers(approval, policy_digest("one")));
  CHECK_FALSE(covers(approval, policy_digest("two")));
  CHECK_FALSE(covers(approval, ""));
  // While the file is being replaced both are.
  approval.next = approved_policy(policy_digest("two"), nullptr);
  CHECK(covers(approval, policy_digest("one")));
  CHECK(covers(approval, policy_digest("two")));
  CHECK_FALSE(covers(approval, policy_digest("three")));
}

TEST_CASE("an approval is read back as it was written, and nothing but that", "[I17]") {
  Approval approval = some_approval();
  const bool has_next = GENERATE(false, true);
  if (has_next) {
    approval.next = approved_policy(policy_digest("two"), nullptr);
  }
  const bool has_signer = GENERATE(false, true);
  if (has_signer) {
    REQUIRE(lock_memory());
    Signing signing = make_signing();
    signing.signer.sealed_seed = {"id", 7, "kdf", 8, 9, "salt", {"nonce", "box"}, "checksum"};
    approval.mode = ApprovalMode::own_passphrase;
    approval.policy = approved_policy(approval.policy.digest, &signing.key);
    approval.signer = signing.signer;
  }
  const std::string text = encode_approval(approval);
  const auto read = decode_approval(text);
  REQUIRE(read);
  CHECK(encode_approval(*read) == text);
  CHECK(read->mode == approval.mode);
  CHECK(read->number == 3);
  CHECK(covers(*read, policy_digest("one")));
  CHECK(covers(*read, policy_digest("two")) == (has_next && !has_signer));
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    // One without a next policy is whole, too.
    const bool is_whole = !has_signer && text.substr(cut).starts_with("next ");
    CHECK(decode_approval(text.substr(0, cut)).has_value() == is_whole);
  }
  CHECK_FALSE(decode_approval(text + "\n"));
  CHECK_FALSE(decode_approval(text + "more 1\n"));
}

TEST_CASE("with a passphrase of its own only its key's signature counts", "[I17]") {
  REQUIRE(lock_memory());
  const Signing signing = make_signing();
  const Signing other = make_signing();
  const std::string digest = policy_digest("one");
  Approval approval;
  approval.mode = ApprovalMode::own_passphrase;
  approval.signer = signing.signer;
  approval.policy = approved_policy(digest, &signing.key);
  CHECK(covers(approval, digest));
  approval.policy = approved_policy(digest, nullptr);
  CHECK_FALSE(covers(approval, digest));
  approval.policy = approved_policy(digest, &other.key);
  CHECK_FALSE(covers(approval, digest));
  // A signature of another policy is none of this one.
  approval.policy.signature = approved_policy(policy_digest("two"), &signing.key).signature;
  CHECK_FALSE(covers(approval, digest));
}

TEST_CASE("the passphrase of its own opens the signing key, another does not", "[I17]") {
  const Secret passphrase = secret_of("only for changes");
  const auto signer = make_approval_signer(passphrase, sample::kNow);
  REQUIRE(signer);
  const auto key = open_approval_signer(*signer, passphrase);
  REQUIRE(key);
  Approval approval;
  approval.mode = ApprovalMode::own_passphrase;
  approval.signer = *signer;
  approval.policy = approved_policy(policy_digest("one"), &*key);
  const auto read = decode_approval(encode_approval(approval));
  REQUIRE(read);
  CHECK(covers(*read, policy_digest("one")));
  CHECK(open_approval_signer(*read->signer, secret_of("another")).error().code ==
        Errc::wrong_passphrase);
  CHECK(make_approval_signer(Secret(), sample::kNow).error().code == Errc::invalid_input);
}

TEST_CASE("the vault knows whether it ever had an approval, and keeps the last", "[I17]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  {
    Vault vault = sample::open_vault(path);
    auto none = read_approval(vault);
    REQUIRE(none);
    CHECK_FALSE(none->has_value());
    REQUIRE(write_approval(vault, some_approval()));
  }
  Vault again = sample::open_vault(path);
  const auto kept = read_approval(again);
  REQUIRE(kept);
  REQUIRE(kept->has_value());
  CHECK(encode_approval(**kept) == encode_approval(some_approval()));
  REQUIRE(again.put_system(kApprovalName, secret_of("something else")));
  CHECK(read_approval(again).error().code == Errc::corrupt);
}

}  // namespace keyswap::vault
