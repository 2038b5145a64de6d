export const LOCALSTACK_VERSION = '2026.3.0';

/** Every package of LocalStack at the version that was current when its core was released; newer ones break it. */
export const LOCALSTACK_PACKAGES: readonly string[] = `
airspeed_ext==0.6.9 annotated-types==0.7.0 antlr4-python3-runtime==4.13.2 apispec==6.10.0 asn1crypto==1.5.1
attrs==26.1.0 aws-sam-translator==1.108.0 aws-xray-sdk==2.15.0 awscli==1.44.62 awscrt==0.31.3 boto3==1.42.72
botocore==1.42.72 cachetools==7.0.5 cbor2==5.9.0 certifi==2026.2.25 cffi==2.0.0 cfn-lint==1.47.1
charset-normalizer==3.4.6 click==8.3.1 colorama==0.4.6 constantly==23.10.4 crontab==1.0.5 cryptography==46.0.6
decorator==5.2.1 dill==0.3.6 dnslib==0.9.26 dnspython==2.8.0 docker==7.1.0 docutils==0.19 Events==0.5
graphql-core==3.2.8 grpcio==1.78.0 h11==0.16.0 h2==4.3.0 hpack==4.1.0 Hypercorn==0.18.0 hyperframe==6.1.0
hyperlink==21.0.0 idna==3.11 Incremental==24.11.0 isodate==0.7.2 Jinja2==3.1.6 jmespath==1.1.0 joserfc==1.6.3
jpype1==1.6.0 jsonpatch==1.33 jsonpath-ng==1.7.0 jsonpath-rw==1.4.0 jsonpointer==3.1.1 jsonschema==4.26.0
jsonschema-path==0.3.4 jsonschema-specifications==2025.9.1 kclpy-ext==3.0.5 lazy-object-proxy==1.12.0
localstack-core==2026.3.0 localstack-twisted==25.5.0 markdown-it-py==4.0.0 MarkupSafe==3.0.3 mdurl==0.1.2
more-itertools==10.8.0 moto-ext==5.1.28 mpmath==1.3.0 multipart==1.3.1 networkx==3.6.1 openapi-core==0.22.0
openapi-schema-validator==0.6.3 openapi-spec-validator==0.7.2 opensearch-protobufs==0.19.0 opensearch-py==3.1.0
packaging==26.0 pathable==0.4.4 plux==1.15.0 ply==3.11 priority==1.3.0 protobuf==7.34.1 psutil==7.2.2
py-partiql-parser==0.6.3 pyasn1==0.6.3 pycparser==3.0 pydantic==2.12.5 pydantic_core==2.41.5 Pygments==2.19.2
pymongo==4.16.0 pyOpenSSL==26.0.0 pyparsing==3.3.2 python-dateutil==2.9.0.post0 python-dotenv==1.2.2 PyYAML==6.0.3
readerwriterlock==1.0.9 referencing==0.36.2 regex==2026.2.28 requests==2.33.0 requests-aws4auth==1.3.1
responses==0.26.0 rfc3339-validator==0.1.4 rich==14.3.3 rolo==0.8.1 rpds-py==0.30.0 rsa==4.7.2 s3transfer==0.16.0
semver==3.0.4 setuptools==82.0.1 six==1.17.0 sympy==1.14.0 typing-inspection==0.4.2 typing_extensions==4.15.0
urllib3==2.6.3 Werkzeug==3.1.7 wrapt==2.1.2 wsproto==1.3.2 xmltodict==1.0.4 zope.interface==8.2
`
  .trim()
  .split(/\s+/);
