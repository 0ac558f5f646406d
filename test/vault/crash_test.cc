// SPDX-License-Identifier: Apache-2.0
//
// The vault's file under every single failure: a shim between SQLite and the system counts the
// calls that change a file, and lets the n-th fail, or keeps a copy of the folder as a kill at that
// moment would leave it. It needs SQLite's own header because that is where the system is called.
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <new>

#include <sqlite3.h>

#include "test/vault/sample.h"
#include "vault/approval.h"

namespace keyswap::vault {

namespace {

using sample::holds;
using sample::kNow;
using sample::kOpenAiValue;
using sample::kStripeValue;
using sample::name_of;
using sample::secret_of;

// Asked before each call that changes a file; an SQLite code other than SQLITE_OK makes it fail.
using Judge = std::function<int()>;

Judge& judge() {
  static Judge current;
  return current;
}

int verdict() {
  return judge() ? judge()() : SQLITE_OK;
}

struct ShimFile {
  sqlite3_file base;
  sqlite3_file* real;
};

sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<ShimFile*>(file)->real;
}

int shim_write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const int code = verdict();
  return code != SQLITE_OK ? code
                           : real_of(file)->pMethods->xWrite(real_of(file), bytes, size, offset);
}

int shim_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = verdict();
  return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

int shim_sync(sqlite3_file* file, int flags) {
  const int code = verdict();
  return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

int shim_close(sqlite3_file* file) {
  return real_of(file)->pMethods->xClose(real_of(file));
}

int shim_read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  return real_of(file)->pMethods->xRead(real_of(file), into, size, offset);
}

int shim_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

int shim_lock(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}

int shim_unlock(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

int shim_reserved(sqlite3_file* file, int* out) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

int shim_control(sqlite3_file* file, int operation, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

int shim_sector(sqlite3_file* file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}

int shim_device(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

constexpr sqlite3_io_methods kShimMethods = {1,
                                             shim_close,
                                             shim_read,
                                             shim_write,
                                             shim_truncate,
                                             shim_sync,
                                             shim_size,
                                             shim_lock,
                                             shim_unlock,
                                             shim_reserved,
                                             shim_control,
                                             shim_sector,
                                             shim_device,
                                             nullptr,
                                             nullptr,
                                             nullptr,
                                             nullptr,
                                             nullptr,
                                             nullptr};

sqlite3_vfs* real_vfs() {
  static sqlite3_vfs* vfs = sqlite3_vfs_find("unix");
  return vfs;
}

int shim_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* shim = new (file) ShimFile{};
  shim->real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(ShimFile));
  if ((flags & SQLITE_OPEN_MAIN_JOURNAL) != 0) {
    if (const int code = verdict(); code != SQLITE_OK) {
      return code;
    }
  }
  const int code = real_vfs()->xOpen(real_vfs(), name, shim->real, flags, out_flags);
  shim->base.pMethods = shim->real->pMethods != nullptr ? &kShimMethods : nullptr;
  return code;
}

int shim_delete(sqlite3_vfs*, const char* name, int sync_folder) {
  const int code = verdict();
  return code != SQLITE_OK ? code : real_vfs()->xDelete(real_vfs(), name, sync_folder);
}

// Makes the shim SQLite's way to the system for the life of this object.
class Shim {
 public:
  Shim() : vfs_(*real_vfs()) {
    vfs_.zName = "keyswap-shim";
    vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + real_vfs()->szOsFile;
    vfs_.xOpen = shim_open;
    vfs_.xDelete = shim_delete;
    vfs_.pNext = nullptr;
    REQUIRE(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
  }

  Shim(const Shim&) = delete;
  Shim& operator=(const Shim&) = delete;
  Shim(Shim&&) = delete;
  Shim& operator=(Shim&&) = delete;

  ~Shim() {
    judge() = nullptr;
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_vfs(), 1);
  }

 private:
  sqlite3_vfs vfs_;
};

struct Operation {
  std::string name;
  std::function<base::Status(Vault&)> run;
  std::function<bool(const Contents&)> is_before;
  std::function<bool(const Contents&)> is_after;
};

bool has_entry(const Contents& contents, std::string_view name) {
  return contents.credentials.contains(name_of(name));
}

std::vector<Operation> operations() {
  const auto is_start = [](const Contents& contents) {
    return holds(contents, "STRIPE_KEY", kStripeValue) && !has_entry(contents, "A");
  };
  return {
      {"add",
       [](Vault& vault) { return vault.add(name_of("A"), "", secret_of("a"), kNow); },
       is_start,
       [](const Contents& contents) {
         return holds(contents, "A", "a");
       }},
      {"rotate",
       [](Vault& vault) { return vault.rotate(name_of("STRIPE_KEY"), secret_of("next"), kNow); },
       is_start,
       [](const Contents& contents) {
         return holds(contents, "STRIPE_KEY", "next");
       }},
      {"remove",
       [](Vault& vault) { return vault.remove(name_of("STRIPE_KEY")); },
       is_start,
       [](const Contents& contents) {
         return !has_entry(contents, "STRIPE_KEY");
       }},
      {"the audit log's head",
       [](Vault& vault) { return vault.put_system("audit-head", secret_of("head")); },
       [](const Contents& contents) { return !contents.system.contains("audit-head"); },
       [](const Contents& contents) {
         return contents.system.contains("audit-head");
       }},
      // I17: an approval is there whole, or the one before it is.
      {"approve",
       [](Vault& vault) {
         Approval approval;
         approval.policy = approved_policy(policy_digest("a policy"), nullptr);
         return write_approval(vault, approval);
       },
       [](const Contents& contents) {
         return !contents.system.contains(std::string(kApprovalName));
       },
       [](const Contents& contents) {
         return contents.system.contains(std::string(kApprovalName));
       }},
      {"save_usage",
       [](Vault& vault) -> base::Status {
         if (auto value = vault.fetch(name_of("OPENAI_API_KEY"), kNow); !value) {
           return value.error();
         }
         return vault.save_usage();
       },
       [](const Contents& contents) {
         return !contents.credentials.at(name_of("OPENAI_API_KEY"))->row.last_used_at;
       },
       [](const Contents& contents) {
         return contents.credentials.at(name_of("OPENAI_API_KEY"))->row.last_used_at == kNow;
       }},
  };
}

// The folder's files as they are now.
std::map<std::string, std::string> snapshot(const sample::TempDir& dir) {
  std::map<std::string, std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
    files[file.path().filename().string()] = sample::read_file(file.path().string());
  }
  return files;
}

bool is_sound(const Contents& contents) {
  return holds(contents, "OPENAI_API_KEY", kOpenAiValue);
}

// How many ways there are to open the vault, which is whole; 0 if it is not.
std::size_t sound_ways(const std::string& path) {
  const auto contents = sample::load_sample(path);
  const auto ways = Vault::count_ways(path);
  return contents && is_sound(*contents) && ways ? *ways : 0;
}

struct WayChange {
  std::string name;
  std::function<base::Status(Vault&)> run;
  std::size_t before;
  std::size_t after;
};

}  // namespace

TEST_CASE("VA-07 a kill at any system call leaves the old or the new state, whole", "[I13]") {
  for (const Operation& operation : operations()) {
    const sample::TempDir dir;
    const std::string path = sample::make_sample(dir);
    std::vector<std::map<std::string, std::string>> moments;
    {
      const Shim shim;
      Vault vault = sample::open_vault(path);
      judge() = [&] {
        moments.push_back(snapshot(dir));
        return SQLITE_OK;
      };
      REQUIRE(operation.run(vault));
      judge() = nullptr;
      moments.push_back(snapshot(dir));
    }
    REQUIRE(moments.size() > 5);
    for (std::size_t i = 0; i < moments.size(); ++i) {
      INFO(operation.name << " killed before call " << i);
      const sample::TempDir after_kill;
      for (const auto& [name, bytes] : moments[i]) {
        sample::write_file(after_kill.file(name), bytes);
      }
      const auto contents = sample::load_sample(after_kill.file("vault.db"));
      REQUIRE(contents);
      REQUIRE(is_sound(*contents));
      REQUIRE(operation.is_before(*contents) != operation.is_after(*contents));
      if (i == 0) {
        REQUIRE(operation.is_before(*contents));
      }
      if (i + 1 == moments.size()) {
        REQUIRE(operation.is_after(*contents));
      }
    }
  }
}

TEST_CASE("VA-06 a failure of any system call is reported, and file and memory agree after it",
          "[I13]") {
  const auto fault = GENERATE(as<int>(), SQLITE_IOERR_WRITE, SQLITE_FULL);
  for (const Operation& operation : operations()) {
    const sample::TempDir dir;
    const std::string path = sample::make_sample(dir);
    const std::string original = sample::read_file(path);
    const Shim shim;
    // One vault for all faults: what a fault leaves behind is what the next attempt starts from.
    Vault vault = sample::open_vault(path);
    bool is_ended = false;
    for (int nth = 1; !is_ended; ++nth) {
      INFO(operation.name << " with fault at call " << nth);
      int calls = 0;
      judge() = [&] {
        return ++calls == nth ? fault : SQLITE_OK;
      };
      const auto done = operation.run(vault);
      judge() = nullptr;
      is_ended = calls < nth;
      const auto contents = sample::load_sample(path);
      REQUIRE(contents);
      REQUIRE(is_sound(*contents));
      REQUIRE(operation.is_before(*contents) != operation.is_after(*contents));
      REQUIRE(sample::fetches(vault, "OPENAI_API_KEY", kOpenAiValue));
      if (done) {
        REQUIRE(operation.is_after(*contents));
        is_ended = true;
      } else {
        const auto code = done.error().code;
        REQUIRE((code == base::Errc::io || code == base::Errc::no_space ||
                 code == base::Errc::permission));
        REQUIRE(vault.refresh());
      }
      REQUIRE(nth < 100);
    }
    REQUIRE(sample::read_file(path) != original);
  }
}

TEST_CASE("VA-07 a kill while the ways to open it change leaves those before or after", "[I13]") {
  const std::vector<WayChange> changes = {
      {"a key file", [](Vault& vault) { return vault.set_key(secret_of("a key")); }, 1, 2},
      {"no key file", [](Vault& vault) { return vault.drop_other_way(); }, 2, 1},
  };
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  for (const WayChange& change : changes) {
    std::vector<std::map<std::string, std::string>> moments;
    {
      const Shim shim;
      Vault vault = sample::open_vault(path);
      judge() = [&] {
        moments.push_back(snapshot(dir));
        return SQLITE_OK;
      };
      REQUIRE(change.run(vault));
      judge() = nullptr;
      moments.push_back(snapshot(dir));
    }
    REQUIRE(moments.size() > 5);
    for (std::size_t i = 0; i < moments.size(); ++i) {
      INFO(change.name << " killed before call " << i);
      const sample::TempDir after_kill;
      for (const auto& [name, bytes] : moments[i]) {
        sample::write_file(after_kill.file(name), bytes);
      }
      const std::size_t ways = sound_ways(after_kill.file("vault.db"));
      REQUIRE((ways == change.before || ways == change.after));
      REQUIRE((i != 0 || ways == change.before));
      REQUIRE((i + 1 != moments.size() || ways == change.after));
    }
  }
}

}  // namespace keyswap::vault
