// Objects of a library, freed with that library's own function.
#pragma once

#include <memory>

#include "native/openssl/types.h"

namespace close_notify::engine {

template <typename T, typename Result = void>
struct FreedBy {
  Result (*free)(T*);
  void operator()(T* object) const { free(object); }
};

template <typename T, typename Result = void>
using Owned = std::unique_ptr<T, FreedBy<T, Result>>;

using OwnedBio = Owned<openssl::Bio, int>;
using OwnedX509 = Owned<openssl::X509>;
using OwnedStoreCtx = Owned<openssl::X509StoreCtx>;
using OwnedKey = Owned<openssl::EvpPkey>;
using OwnedSession = Owned<openssl::SslSession>;

}  // namespace close_notify::engine
