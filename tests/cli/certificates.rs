//! Certificates of nobody in particular, made for the tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A certificate and its fingerprint.
pub(crate) struct Certificate {
    pub(crate) base64: &'static str,
    pub(crate) fingerprint: &'static str,
}

impl Certificate {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(self.base64).expect("base64")
    }
}

pub(crate) const ONE: Certificate = Certificate {
    base64: "mDMEawmMTRYJKwYBBAHaRw8BAQdASG08sz2ntubpw9tpIpGhsg6GCtDOq+jYnlwnm8ktpYC0CWsxIDxrMUB4PoiQBBMWCAA4FiEEl7D/3YxdkU1TUsLhr4Ld8NEbmGQFAmsJjE0CGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQr4Ld8NEbmGTFDgEAqESDdq4L4CWTDby/YysalLJUSg9whDgzZHgTpVZ/NjMBALByY34I+dyfBFKr9W7hUWVZ1PQ3l3hv0s39FfhnPRUE",
    fingerprint: "97B0FFDD8C5D914D5352C2E1AF82DDF0D11B9864",
};

pub(crate) const TWO: Certificate = Certificate {
    base64: "mDMEawmMTRYJKwYBBAHaRw8BAQdA7+ozLIh1XcOGf9D3okxTkEMnYwNP+s7i2Lw4mx761vy0CWsyIDxrMkB4PoiQBBMWCAA4FiEEZXe5k+4n52Jn8rzRNDBbMk42n7sFAmsJjE0CGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQNDBbMk42n7ubzAEA7dTn6uUnA6Rs4wcMOn338ttXPEl0XCUjv+3vC6Vfs6oA/A+/m3VdK8FjOQs+5dHWGMVdXeYJ4uNlK1vdzSLYE2MN",
    fingerprint: "6577B993EE27E76267F2BCD134305B324E369FBB",
};

pub(crate) const THREE: Certificate = Certificate {
    base64: "mDMEawmMTRYJKwYBBAHaRw8BAQdAzYw9sXQ2XPxPwNY71k67dueBZEOLy4HYBx4YOI+b/em0CWszIDxrM0B4PoiQBBMWCAA4FiEEnJsf1NzWjk6RnpI4EUdj3ODIkTAFAmsJjE0CGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQEUdj3ODIkTDurgD/d6+RiOGyPQjxtZKR/7kxx61yCm2GHpIbZJN5M3B53UwBALjleum+N1W9/z1JptDwUWVm7meZZNg/pV7dzYANRp4N",
    fingerprint: "9C9B1FD4DCD68E4E919E9238114763DCE0C89130",
};
