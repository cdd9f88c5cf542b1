extension ConfigurationFuzz {
    static let seeds = texts.map { Array($0.utf8) }

    private static let texts = [
        "edir:relative/%C3%A4?reference=path", "edir:////srv/a/", "eexec:/opt/a%20program",
        "ehttps://host:8443/{yyyy}/{mm}/{dd}/{session_id}?secret=1#method=POST&header-file=h%20x&max-bytes=9&timeout=1.5",
        "ehttp://[::1]:80", "es3://bucket/pre%20fix/?endpoint=http%3A//127.0.0.1:9000/a&region=eu-west-1",
        "es3://bucket.b/{host}/{recording_id}.{ext}?presign=604800&part-size=5242880&storage-class=STANDARD_IA"
            + "&max-bytes=100&timeout=86400",
        "ulivekit:room%2F1?simulated=true&timeout=0.25",
        "h# a comment\nAuthorization: Bearer token\r\nX-A:\tb\n\n",
        "c[default]\naws_access_key_id = ID\naws_secret_access_key=secret/+\n; x\n[ other ]\nAWS_SESSION_TOKEN = t\n"
            + "aws_access_key_id=1\naws_secret_access_key=2\n",
        "w00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nvendor=a:b,tenant@system=c , x=y\n"
            + "key1=a%20b;ttl=30;flag, key2 = v%C3%A4l",
        "vOTEL_EXPORTER_OTLP_ENDPOINT=https://collector:4318/base\nOTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b,x=y\n"
            + "OTEL_EXPORTER_OTLP_TIMEOUT=100\nOTEL_EXPORTER_OTLP_PROTOCOL=http/json\nOTEL_EXPORTER_OTLP_COMPRESSION=gzip",
        "vOTEL_RESOURCE_ATTRIBUTES=service.name=a,b=c%2Cd\nOTEL_SERVICE_NAME=x\nOTEL_TRACES_SAMPLER=traceidratio\n"
            + "OTEL_TRACES_SAMPLER_ARG=0.25\nOTEL_PROPAGATORS=baggage,tracecontext\nOTEL_TRACES_EXPORTER=otlp,none",
        "vOTEL_BSP_SCHEDULE_DELAY=0\nOTEL_BSP_MAX_QUEUE_SIZE=10\nOTEL_BSP_MAX_EXPORT_BATCH_SIZE=4\n"
            + "OTEL_BSP_EXPORT_TIMEOUT=0\nOTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=1\nOTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=2",
        "vTRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\nTRACESTATE=a=b\nBAGGAGE=k=v\n"
            + "OTEL_TRACES_SAMPLER=parentbased_traceidratio\nOTEL_SDK_DISABLED=TRUE",
        "vLIVEKIT_URL=wss://project.livekit.cloud:443/x\nLIVEKIT_API_KEY=k\nLIVEKIT_API_SECRET=s",
        "vLIVEKIT_OBSERVABILITY_URL=http://127.0.0.1:1/\nLIVEKIT_API_KEY=k\nLIVEKIT_API_SECRET=s",
    ]
}
