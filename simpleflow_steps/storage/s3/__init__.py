"""Objects in an S3 bucket, or in anything that speaks S3. Only what `connection` brings in loads boto3."""
