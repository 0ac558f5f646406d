// SPDX-License-Identifier: Apache-2.0
#include "vault/seal.h"

#include <fstream>
#include <set>

#include "proxy/base/bounds.h"
#include "test/support/quick_kdf.h"
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

constexpr CredentialIdentity kIdentity{
    "83ab481e-f5d5-4639-9f44-8089f2cd07a7", "OpenAI", "OPENAI_API_KEY", 1'750'000'001};

Sealer make_sealer(std::string_view vault_id = "0123456789abcdef") {
  REQUIRE(lock_memory());
  auto key = make_data_key();
  REQUIRE(key);
  return {std::move(*key), std::string(vault_id)};
}

Header sample_header() {
  const sample::TempDir dir;
  auto store = Store::open(sample::make_sample(dir));
  REQUIRE(store);
  auto headers = store->read_headers();
  REQUIRE(headers);
  return headers->front();
}

// The greatest part of memory that this process has had in use.
long peak_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmHWM:") {
  }
  long kib = 0;
  status >> kib;
  return kib;
}

base::Errc refusal_of(const Header& header) {
  const auto checked = check_header(header);
  REQUIRE_FALSE(checked);
  return checked.error().code;
}

}  // namespace

TEST_CASE("What is sealed as one row opens as that row") {
  const Sealer sealer = make_sealer();
  const auto sealed = sealer.seal_credential(kIdentity, sample::secret_of("sk-1"));
  REQUIRE(sealed);
  REQUIRE(sealed->nonce.size() == kNonceBytes);
  REQUIRE(sealed->box.size() == kTagBytes + 4);
  const auto opened = sealer.open_credential(kIdentity, *sealed);
  REQUIRE(opened);
  REQUIRE(opened->reveal() == "sk-1");
}

TEST_CASE("VA-04 a box opens under no other id, service, name or time, and in no other vault") {
  const Sealer sealer = make_sealer();
  const auto sealed = sealer.seal_credential(kIdentity, sample::secret_of("sk-1"));
  REQUIRE(sealed);
  CredentialIdentity other = kIdentity;
  SECTION("id") {
    other.id = "83ab481e-f5d5-4639-9f44-8089f2cd07a8";
  }
  SECTION("service") {
    other.service = "";
  }
  SECTION("name") {
    other.name = "STRIPE_KEY";
  }
  SECTION("time") {
    ++other.created_at;
  }
  SECTION("the border between two fields") {
    other.service = "OpenAIO";
    other.name = "PENAI_API_KEY";
  }
  const auto opened = sealer.open_credential(other, *sealed);
  REQUIRE_FALSE(opened);
  REQUIRE(opened.error().code == base::Errc::corrupt);
}

TEST_CASE("VA-04 a box of one kind does not open as another") {
  const Sealer sealer = make_sealer();
  const auto sealed = sealer.seal_system("ca-key", sample::secret_of("k"));
  REQUIRE(sealed);
  REQUIRE(sealer.open_system("ca-key", *sealed));
  REQUIRE_FALSE(sealer.open_system("ca-key2", *sealed));
  REQUIRE_FALSE(sealer.open_credential({"", "", "ca-key", 0}, *sealed));
  REQUIRE_FALSE(sealer.open_manifest(*sealed));
}

TEST_CASE("VA-01 no changed, cut or lengthened box opens") {
  const Sealer sealer = make_sealer();
  const auto sealed = sealer.seal_credential(kIdentity, sample::secret_of("sk-1"));
  REQUIRE(sealed);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < sealed->box.size() * 8; ++i) {
    Sealed spoilt = *sealed;
    spoilt.box[i / 8] = static_cast<char>(spoilt.box[i / 8] ^ (1 << i % 8));
    refused += sealer.open_credential(kIdentity, spoilt) ? 0U : 1U;
  }
  REQUIRE(refused == sealed->box.size() * 8);
  for (std::size_t size = 0; size < sealed->box.size(); ++size) {
    REQUIRE_FALSE(sealer.open_credential(kIdentity, {sealed->nonce, sealed->box.substr(0, size)}));
  }
  REQUIRE_FALSE(sealer.open_credential(kIdentity, {sealed->nonce, sealed->box + "x"}));
  REQUIRE_FALSE(sealer.open_credential(kIdentity, {sealed->nonce.substr(1), sealed->box}));
  const std::string huge(kTagBytes + bounds::kSecretBytesMax + 1, 'x');
  REQUIRE_FALSE(sealer.open_credential(kIdentity, {sealed->nonce, huge}));
}

TEST_CASE("VA-05 100,000 seals of one value use 100,000 nonces") {
  const Sealer sealer = make_sealer();
  const Secret value = sample::secret_of("sk-1");
  std::set<std::string> nonces;
  for (int i = 0; i < 100'000; ++i) {
    auto sealed = sealer.seal_credential(kIdentity, value);
    REQUIRE(sealed);
    nonces.insert(std::move(sealed->nonce));
  }
  REQUIRE(nonces.size() == 100'000);
}

TEST_CASE("The manifest comes back as it was sealed, and only in its vault") {
  const Sealer sealer = make_sealer();
  const Manifest manifest{0x0102030405060708, 3, std::string(kDigestBytes, 'd')};
  const auto sealed = sealer.seal_manifest(manifest);
  REQUIRE(sealed);
  const auto opened = sealer.open_manifest(*sealed);
  REQUIRE(opened);
  REQUIRE(opened->generation == manifest.generation);
  REQUIRE(opened->row_count == 3);
  REQUIRE(opened->digest == manifest.digest);
  REQUIRE_FALSE(make_sealer().open_manifest(*sealed));
}

TEST_CASE("Digests tell rows apart by every column") {
  const Sealer sealer = make_sealer();
  const Sealed sealed{"nonce", "box"};
  const auto of =
      [&](const CredentialIdentity& identity, std::optional<std::int64_t> used, const Sealed& box) {
        return sealer.digest_credential(identity, used, box);
      };
  CredentialIdentity renamed = kIdentity;
  renamed.name = "X";
  const std::set<std::string> digests = {of(kIdentity, std::nullopt, sealed),
                                         of(kIdentity, 0, sealed),
                                         of(kIdentity, 1, sealed),
                                         of(renamed, std::nullopt, sealed),
                                         of(kIdentity, std::nullopt, {"nonc", "ebox"}),
                                         sealer.digest_system("X", sealed)};
  REQUIRE(digests.size() == 6);
  REQUIRE(of(kIdentity, 1, sealed) == of(kIdentity, 1, sealed));
  REQUIRE(of(kIdentity, 1, sealed) != make_sealer().digest_credential(kIdentity, 1, sealed));
}

TEST_CASE("F02 the header states Argon2id with 256 MiB, 3 passes and 16 bytes of salt") {
  const Header header = sample_header();
  REQUIRE(check_header(header));
  REQUIRE(header.kdf == "argon2id13");
  REQUIRE(header.kdf_memory_bytes == 256LL * 1024 * 1024);
  REQUIRE(header.kdf_passes == 3);
  REQUIRE(header.kdf_salt.size() == 16);
}

TEST_CASE("F02 opening takes 256 MiB of memory") {
  const test::RealKdf real_kdf;
  REQUIRE(sample::in_child([] {
    const Header header = sample_header();
    const Secret passphrase = sample::secret_of(sample::kPassphrase);
    std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): forgets the peak so far
    const long before_kib = peak_kib();
    const auto key = unwrap_data_key(header, passphrase);
    return key && peak_kib() - before_kib >= 250L * 1024;
  }));
}

TEST_CASE("VA-03 F02 parameters outside floor and ceiling are refused before anything is derived") {
  Header header = sample_header();
  SECTION("less memory") {
    header.kdf_memory_bytes /= 2;
  }
  SECTION("no memory") {
    header.kdf_memory_bytes = 0;
  }
  SECTION("negative memory") {
    header.kdf_memory_bytes = -header.kdf_memory_bytes;
  }
  SECTION("fewer passes") {
    header.kdf_passes = 2;
  }
  SECTION("negative passes") {
    header.kdf_passes = -1;
  }
  SECTION("another function") {
    header.kdf = "argon2i13";
  }
  SECTION("memory to exhaust the machine") {
    header.kdf_memory_bytes = 1LL << 40;
  }
  SECTION("passes to take for ever") {
    header.kdf_passes = 1LL << 31;
  }
  REQUIRE(refusal_of(header) == base::Errc::corrupt);
  const long before_kib = peak_kib();
  const auto key = unwrap_data_key(header, sample::secret_of(sample::kPassphrase));
  REQUIRE(key.error().code == base::Errc::corrupt);
  REQUIRE(peak_kib() - before_kib < 64L * 1024);
}

TEST_CASE("VA-01 a header damaged by accident is told from a wrong passphrase") {
  Header header = sample_header();
  SECTION("vault id") {
    header.vault_id[3] ^= 1;
  }
  SECTION("time") {
    header.created_at ^= 1;
  }
  SECTION("memory, above the floor") {
    header.kdf_memory_bytes += 1024;
  }
  SECTION("passes, above the floor") {
    ++header.kdf_passes;
  }
  SECTION("salt") {
    header.kdf_salt[15] ^= 1;
  }
  SECTION("wrapped key") {
    header.wrapped_key.box[20] ^= 1;
  }
  SECTION("nonce") {
    header.wrapped_key.nonce[0] ^= 1;
  }
  SECTION("checksum") {
    header.checksum[31] ^= 1;
  }
  SECTION("cut checksum") {
    header.checksum.clear();
  }
  SECTION("cut salt") {
    header.kdf_salt.pop_back();
  }
  REQUIRE(refusal_of(header) == base::Errc::corrupt);
}

TEST_CASE("VA-03 a header changed together with its checksum opens with no passphrase") {
  // Somebody who can write the file can compute the checksum; the wrapping key is bound to the
  // rest.
  Header header = sample_header();
  SECTION("more passes, or the same work would give another key anyway") {
    ++header.kdf_passes;
  }
  SECTION("another time") {
    ++header.created_at;
  }
  SECTION("another vault's name") {
    header.vault_id[0] ^= 1;
  }
  header.checksum = checksum_of(header);
  REQUIRE(check_header(header));
  const auto key = unwrap_data_key(header, sample::secret_of(sample::kPassphrase));
  REQUIRE_FALSE(key);
  REQUIRE(key.error().code == base::Errc::wrong_passphrase);
}

TEST_CASE("A new passphrase has 1 to 4096 bytes") {
  REQUIRE_FALSE(check_new_passphrase(sample::secret_of("")));
  REQUIRE_FALSE(check_new_passphrase(sample::secret_of(std::string(4097, 'x'))));
  REQUIRE(check_new_passphrase(sample::secret_of(std::string(4096, 'x'))));
  REQUIRE(check_new_passphrase(sample::secret_of(std::string("\0\xff", 2))));
}

}  // namespace keyswap::vault
